"""`crossaudit explain` over a replayed run: rule, clause, span, and what would be allowed."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.cli.program import run_program
from orchestrator.domain.event import Event
from orchestrator.ledger.reader import Reader
from tests.cli.test_policy import record
from tests.rules.packs import rule, write_pack

Capture = pytest.CaptureFixture[str]
HOSTILE = "\x1b[2J"
LINE = f"cd sub && rm -rf ../../other; echo '{HOSTILE}'"


@pytest.fixture
def ledger(tmp_path: Path, capsys: Capture) -> Path:
    path = tmp_path / "l.db"
    runs = record(tmp_path, "ls", LINE)
    config = tmp_path / "crossaudit.toml"
    config.write_text('[rules]\nroot = "/srv/work"\n', "utf-8")
    args = ["replay", str(runs), "--ledger", str(path), "--config", str(config)]
    assert run_program(args) == 0
    capsys.readouterr()
    return path


def find(ledger: Path, kind: str, number: int) -> Event:
    with closing(Reader(ledger)) as reader:
        (row,) = reader.runs()
        return [e for e in reader.events(row.run) if e.fact.kind == kind][number]


def test_a_denial_is_explained_with_rule_clause_span_and_a_way_out(
    ledger: Path, capsys: Capture
) -> None:
    event = find(ledger, "decided", 1)
    assert run_program(["explain", event.id, "--ledger", str(ledger)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\\x1b[2J" in said
    parts, first = [part.splitlines() for part in said.split("\n\n")][:2]
    lines = dict(line.split(None, 1) for line in [*parts, *first] if line[:1].strip())
    assert lines["event"] == f"{event.id} decided"
    assert lines["decision"] == "deny by rules"
    assert lines["rule"].startswith("shell.remove-outside-root (deny): Deletes outside")
    assert lines["matched"] == "/command 17-28: ../../other"
    assert "»../../other«" in lines["in"]
    assert lines["sub-command"] == "rm -rf ../../other"
    assert lines["clause"] == "no-irreversible-harm (critical)"
    assert lines["rationale"].startswith("A wrong deletion")
    assert lines["allowed"].startswith("Delete below the working folder")
    assert [line for line in first if line.startswith("for example  rm -rf ")]
    assert lines["pack"].startswith("shell 1.0, sha256 ")


def test_the_same_facts_come_as_json(ledger: Path, capsys: Capture) -> None:
    event = find(ledger, "rules_checked", 1)
    assert run_program(["explain", event.id, "--ledger", str(ledger), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    first = row["hits"][0]
    assert (row["event"], first["rule"]) == (event.id, "shell.remove-outside-root")
    assert first["span"]["text"] == "../../other" and not first["pack_changed"]
    assert first["pack"]["name"] == "shell" and first["allowed"]


def test_an_allowed_action_fired_no_rule(ledger: Path, capsys: Capture) -> None:
    event = find(ledger, "decided", 0)
    assert run_program(["explain", event.id, "--ledger", str(ledger)]) == 0
    said = capsys.readouterr().out
    assert "decision     allow" in said and "rules        none fired" in said


def test_a_pack_that_is_gone_or_another_is_told(
    ledger: Path, tmp_path: Path, capsys: Capture
) -> None:
    event = find(ledger, "decided", 1)
    config = tmp_path / "c.toml"
    pack = write_pack(tmp_path, rule("shell.remove-outside-root", effect="flag"))
    Path(pack).write_text(
        Path(pack).read_text("utf-8").replace("pack: mine", "pack: shell"), "utf-8"
    )
    config.write_text(f"[rules]\npacks = [{json.dumps(pack)}]\n", "utf-8")
    args = ["explain", event.id, "--ledger", str(ledger), "--config", str(config)]
    assert run_program(args) == 0
    assert "not the one that is here: 1, sha256" in capsys.readouterr().out
    config.write_text("[rules]\npacks = []\n", "utf-8")
    assert run_program(args) == 0
    assert "no configured pack has this rule any more" in capsys.readouterr().out


def test_an_event_of_another_kind_is_refused(ledger: Path, capsys: Capture) -> None:
    event = find(ledger, "turn_proposed", 0)
    assert run_program(["explain", event.id, "--ledger", str(ledger)]) == 1
    assert "is a turn_proposed event; choose one that is decided" in capsys.readouterr().err
