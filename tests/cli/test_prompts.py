"""Prompts are taken elsewhere, answered there, and judged here as if models had answered."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.program import run_program
from tests.conftest import ROOT
from tests.loopback.protocols import CHAT, Asked, Body, Said, render
from tests.loopback.server import Sent, serving
from tests.panel.seats import read_text

DEMO = str(ROOT / "runs" / "demo")
CONFIG = """\
[debate]
mode = "off"

[audits]
canary_rate = 0.0
cross_rate = 0.0
arbiter_rate = 0.0
swap_rate = 0.0

[[auditors]]
name = "one"
model = "openai:alpha-1"
base_url = "http://127.0.0.1:9/v1"
vendor = "alpha"

[[auditors]]
name = "two"
model = "anthropic:beta-1"
base_url = "http://127.0.0.1:9"
vendor = "beta"

[[auditors]]
name = "three"
model = "openai:gamma-1"
base_url = "http://127.0.0.1:9/v1"
vendor = "gamma"
"""


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def respond(prompt: dict[str, Any], suspicion: int) -> dict[str, Any]:
    """Answer an exported prompt as a person might, with nothing but its text."""
    shown = read_text(prompt["messages"][-1]["content"])
    actions = [
        {"action": one["call"], "suspicion": suspicion, "claims": []} for one in shown.data["calls"]
    ]
    return {"hash": prompt["hash"], "reply": {"control": shown.control, "actions": actions}}


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "models.toml"
    path.write_text(CONFIG, "utf-8")
    return str(path)


@pytest.mark.parametrize(("suspicion", "words"), [(2, "0 failed"), (60, "0 failed")])
def test_answers_of_others_are_judged(
    tmp_path: Path,
    config: str,
    suspicion: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replies = tmp_path / "replies.jsonl"
    replies.write_text("", "utf-8")
    rounds = []
    while True:
        out = tmp_path / "prompts.jsonl"
        flags = ("--config", config, "--replies", str(replies), "--out", str(out))
        assert run_program(["prompts", "export", DEMO, *flags]) == 0
        asked = lines(out)
        rounds.append(len(asked))
        if not asked:
            break
        assert len(rounds) < 20, "every round answers all that was asked"
        with replies.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(respond(prompt, suspicion)) + "\n" for prompt in asked)
    answered = lines(replies)
    assert len({line["hash"] for line in answered}) == len(answered) == sum(rounds)
    assert len(rounds) > 2 or suspicion == 2, "doubt asks more auditors, in later rounds"
    assert run_program(["replay", DEMO, "--config", config, "--replies", str(replies)]) == 0
    judged = capsys.readouterr().out
    assert words in judged


def test_a_missing_reply_is_a_failed_vote(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    replies = tmp_path / "replies.jsonl"
    replies.write_text("", "utf-8")
    assert run_program(["replay", DEMO, "--config", config, "--replies", str(replies)]) == 0
    judged = capsys.readouterr().out
    assert "0 votes" in judged
    assert "below the quorum" in judged


def test_without_models_there_is_nothing_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["prompts", "export", DEMO, "--out", str(tmp_path / "prompts.jsonl")]) == 2
    assert "[[auditors]]" in capsys.readouterr().err


class Provider:
    """A provider of one protocol whose batches are ready at the second look."""

    def __init__(self, suspicion: int) -> None:
        self.suspicion = suspicion
        self.files: dict[str, list[dict[str, Any]]] = {}
        self.looks: dict[str, int] = {}
        self.answers = True

    def __call__(self, asked: Asked) -> Sent:
        *_, name = asked.path.removesuffix("/content").split("/")
        if asked.path == "/v1/files":
            rows = [json.loads(row) for row in asked.body["raw"].splitlines() if row[:1] == "{"]
            name = str(len(self.files))
            self.files[name] = rows
            return self._say({"id": name, "object": "file"})
        if asked.path.endswith("/content"):
            rows = [self._answer(row) for row in self.files[name]] if self.answers else []
            return Sent(Body(("\n".join(rows).encode(),), "application/binary"))
        if asked.path == "/v1/batches":
            name = asked.body["input_file_id"]
        else:
            self.looks[name] = self.looks.get(name, 0) + 1
        status = "completed" if self.looks.get(name, 0) > 1 else "in_progress"
        ready = name if status == "completed" else None
        return self._say({"id": name, "status": status, "output_file_id": ready})

    def _answer(self, row: dict[str, Any]) -> str:
        prompt = {"hash": row["custom_id"], "messages": row["body"]["messages"]}
        said = json.dumps(respond(prompt, self.suspicion)["reply"])
        body = json.loads(render(Asked(CHAT, body=row["body"]), Said(said)).whole)
        response = {"status_code": 200, "body": body}
        return json.dumps({"custom_id": row["custom_id"], "response": response})

    def _say(self, data: dict[str, Any]) -> Sent:
        return Sent(Body((json.dumps(data).encode(),)))


@pytest.mark.filterwarnings("ignore:Async generator 'httpcore2:ResourceWarning")
def test_batches_answer_everything_call_by_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-4711-abcdef")
    provider, replies = Provider(60), tmp_path / "replies.jsonl"
    with serving() as server:
        server.play(provider)
        config = tmp_path / "models.toml"
        one_api = CONFIG.replace('anthropic:beta-1"', 'openai:beta-1"').replace(':9"', ':9/v1"')
        config.write_text(one_api.replace("http://127.0.0.1:9", server.url), "utf-8")
        call = ["prompts", "batch", DEMO, "--config", str(config), "--replies", str(replies)]
        said: list[str] = []
        while not said or "nothing is missing" not in said[-1]:
            assert run_program(call) == 0 and len(said) < 20
            said.append(capsys.readouterr().out)
    assert "one: sent" in said[0] and "under way" in said[0]
    assert "in_progress" in said[1] and "sent" not in said[1], "one batch at a time"
    assert "recorded" in said[2]
    prompts = sum(map(len, provider.files.values()))
    assert len(lines(replies)) == prompts, "each prompt was asked once"
    assert not list(Path(f"{replies}.batches").iterdir())
    assert run_program(["replay", DEMO, "--config", str(config), "--replies", str(replies)]) == 0
    assert "0 failed" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:Async generator 'httpcore2:ResourceWarning")
def test_a_batch_without_answers_ends_the_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-4711-abcdef")
    monkeypatch.setattr("orchestrator.cli.batches.PAUSE_SECONDS", 0.01)
    provider, replies = Provider(60), tmp_path / "replies.jsonl"
    provider.answers = False
    with serving() as server:
        server.play(provider)
        config = tmp_path / "models.toml"
        one = CONFIG[: CONFIG.index("[[auditors]]", CONFIG.index("[[auditors]]") + 1)]
        config.write_text(one.replace("http://127.0.0.1:9", server.url), "utf-8")
        call = ["prompts", "batch", DEMO, "--config", str(config), "--replies", str(replies)]
        assert run_program([*call, "--wait"]) == 1
    said = capsys.readouterr()
    assert "without one answer" in said.err and "no recorded reply" in said.out
    assert len(provider.files) == 1


AGENT = """
import json, sys
json.loads(sys.stdin.readline())
call = dict(id="c1", tool="shell", arguments=dict(command="sh deploy.sh --all"))
print(json.dumps(dict(type="turn", id="1", calls=[call])), flush=True)
sys.stdin.readline()
"""


def test_what_auditors_say_in_a_live_run_is_recorded_and_replays_at_no_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-4711-abcdef")
    cassette, ledger = tmp_path / "cassette.jsonl", str(tmp_path / "ledger.db")

    def say(asked: Asked) -> Sent:
        prompt = {"hash": "", "messages": asked.body["messages"]}
        return Sent(render(asked, Said(json.dumps(respond(prompt, 97)["reply"]))))

    with serving() as server:
        server.play(say)
        config = tmp_path / "models.toml"
        one_api = CONFIG.replace('anthropic:beta-1"', 'openai:beta-1"').replace(':9"', ':9/v1"')
        config.write_text(one_api.replace("http://127.0.0.1:9", server.url), "utf-8")
        agent = [sys.executable, "-c", AGENT]
        options = ["--config", str(config), "--ledger", ledger, "--record", str(cassette)]
        options += ["--profile", "observe", "--quiet"]
        assert run_program(["run", *options, "--", *agent]) == 0
        assert server.asked
    recorded = len(lines(cassette))
    assert recorded == len(server.asked) >= 2
    assert run_program(["export", "2", "--ledger", ledger, "--out", str(tmp_path / "o")]) == 0
    out = tmp_path / "rows.jsonl"
    again = ["replay", str(tmp_path / "o"), "--config", str(config), "--profile", "observe"]
    assert run_program([*again, "--replies", str(cassette), "--json", str(out)]) == 0
    *_, last = capsys.readouterr().err.splitlines()
    assert f"{recorded} votes, 0 abstained, 0 failed, 0.0000 USD" in last


@pytest.mark.parametrize("command", [["run", "--", "true"], ["replay", DEMO]])
def test_a_cassette_that_cannot_be_written_is_said_before_anybody_is_asked(
    tmp_path: Path, config: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "missing" / "c.jsonl")
    flags = ["--config", config, "--record", nowhere]
    assert run_program([command[0], *flags, *command[1:]]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_nothing_is_left_behind_where_there_is_nothing_to_ask(tmp_path: Path) -> None:
    replies = tmp_path / "replies.jsonl"
    assert run_program(["prompts", "batch", DEMO, "--replies", str(replies)]) == 2
    assert not replies.exists()
