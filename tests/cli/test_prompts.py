"""Prompts are taken elsewhere, answered there, and judged here as if models had answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.program import run_program
from tests.conftest import ROOT
from tests.panel.seats import read_text

DEMO = str(ROOT / "runs" / "demo")
CONFIG = """\
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
