from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.program import run_program
from orchestrator.ledger.reader import Reader

CALL = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": ""}}


def chat(*commands: str) -> str:
    messages: list[object] = [{"role": "user", "content": "tidy up"}]
    for n, command in enumerate(commands):
        function = {"name": "bash", "arguments": json.dumps({"command": command})}
        call = {"id": f"c{n}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": "now", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"c{n}", "content": "done"})
    return json.dumps({"messages": messages}) + "\n"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    (folder / "b").mkdir(parents=True)
    (folder / "a.jsonl").write_text(chat("ls") + chat("rm -rf /etc", "ls"), "utf-8")
    (folder / "b" / "a.jsonl").write_text(chat("ls -l"), "utf-8")
    (folder / "notes.txt").write_text("nothing to see", "utf-8")
    return folder


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_directory_is_replayed_with_rows_summary_and_ledger(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, ledger = tmp_path / "out.jsonl", tmp_path / "l.db"
    assert run_program(["replay", str(recorded), "--json", str(out), "--ledger", str(ledger)]) == 0
    said = capsys.readouterr()
    assert "notes.txt: not a run" in said.err
    found = rows(out)
    assert [(r["source"], r["record"], r["message"], r["decision"]) for r in found] == [
        ("a.jsonl", 1, 1, "allow"),
        ("a.jsonl", 2, 1, "deny"),
        ("a.jsonl", 2, 3, "allow"),
        ("b/a.jsonl", 1, 1, "allow"),
    ]
    assert "runs         3" in said.err and "3 allow, 1 deny" in said.err
    assert len(Reader(ledger).runs()) == 3


def test_workers_give_the_same_bytes(recorded: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    assert run_program(["replay", str(recorded), "--json", str(one)]) == 0
    assert run_program(["replay", str(recorded), "--json", str(two), "--workers", "2"]) == 0
    assert one.read_bytes() == two.read_bytes()


def test_rows_go_to_standard_output_and_the_summary_beside_it(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["replay", str(recorded / "a.jsonl"), "--json", "-"]) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["decision"] for line in said.out.splitlines()] == [
        "allow", "deny", "allow",
    ]  # fmt: skip
    assert "runs         2" in said.err


def test_a_broken_record_fails_the_command_and_the_rest_is_processed(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recorded / "a.jsonl"
    file.write_text(chat("ls") + '{"messages": [\n' + chat("ls"), "utf-8")
    assert run_program(["replay", str(file)]) == 1
    said = capsys.readouterr()
    assert "a.jsonl, record 2" in said.err and "runs         2" in said.out


def test_a_named_file_of_no_known_format_fails_the_command(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["replay", str(recorded / "notes.txt"), str(recorded / "a.jsonl")]) == 1
    assert "notes.txt" in capsys.readouterr().err


def test_another_configuration_is_compared(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[rules]\npacks = []\n", "utf-8")
    assert run_program(["replay", str(recorded), "--compare", str(other)]) == 0
    out = capsys.readouterr().out
    assert "a.jsonl:2 message 1" in out and "decision deny -> allow" in out
    assert "1 actions are decided otherwise" in out
    assert run_program(["replay", str(recorded), "--compare", "no-such"]) == 2


def test_calibrate_says_what_is_missing(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["calibrate", str(recorded)]) == 0
    assert "4 scored actions are too few for 1.0%" in capsys.readouterr().out
    assert run_program(["calibrate", str(recorded), "--json"]) == 0
    proposal = json.loads(capsys.readouterr().out)
    assert (proposal["actions"], proposal["held_by_rules"]) == (4, 1)
