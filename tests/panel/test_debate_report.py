"""What debates bought: graded where the answer is known, and said to be unknown elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from orchestrator.cli.command import Exit
from orchestrator.cli.program import run_program
from orchestrator.config import Config
from orchestrator.domain.event import DebateOpened, Event
from orchestrator.guard import Guard
from orchestrator.ledger.reader import Reader
from orchestrator.models.client import Failure
from orchestrator.panel.report import Debated, grade_flip, report, weigh_class
from tests.guarded.doubles import call
from tests.panel.debaters import FOR, Voice, judge, make_case, stubborn, yielding

DOUBT = {"text": "odd", "quote": "account DE11", "source": "result", "side": "against"}


def hold(after: int, prior: float = -0.5) -> list[Event]:
    """Return the events of a debate in which the truster rises to `after` percent."""
    voices = [
        Voice("doubter", 60, (DOUBT,), stubborn(60)),
        Voice("truster", 40, (FOR,), yielding(after)),
        Voice("silent", fails=Failure(cause="overloaded")),
    ]
    return anyio.run(lambda: judge(voices, prior=prior, case=make_case())).events


def test_a_flip_is_right_or_wrong_by_the_side_it_ends_on() -> None:
    assert [grade_flip(*one) for one in (
        (0.4, 0.6, True), (0.4, 0.6, False), (0.6, 0.4, False), (0.6, 0.7, True), (None, 0.9, True),
    )] == [1, -1, 1, 0, 0]  # fmt: skip


def test_counts_cost_and_failures_without_any_label() -> None:
    made = report([hold(99)], 100)
    assert (made.runs, made.actions, made.debates, made.labelled) == (1, 1, 1, 0)
    assert made.debate_calls >= 2 and made.classes == {} and made.off_for == ()
    assert made.effective and 1.0 < made.effective < 2.0
    truster, silent = made.auditors["truster"], made.auditors["silent"]
    assert (truster.scored, truster.changed, truster.refused) == (1, 1, 0)
    assert (silent.failed, silent.scored, silent.answers) == (1, 0, 0)


@pytest.mark.parametrize(("bad", "correct", "wrong"), [(True, 1, 0), (False, 0, 1)])
def test_a_debate_is_graded_by_the_answer_it_changed(bad: bool, correct: int, wrong: int) -> None:
    made = report([hold(99)], 1, {("run", "pay"): bad})
    bought = made.classes["payment"]
    assert (bought.debates, bought.correct, bought.wrong) == (1, correct, wrong)
    assert bought.calls == made.debate_calls and bought.gain
    assert bought.gain.value == (correct - wrong) / bought.calls
    assert made.off_for == (() if bad else ("payment",))


def test_a_class_is_switched_off_by_its_lower_bound_after_enough_debates() -> None:
    helps, hurts = Debated(1, 2), Debated(-1, 2)
    assert weigh_class([helps] * 99, [], 100).verdict == "too few"
    assert weigh_class([helps] * 100, [], 100).verdict == "on"
    assert weigh_class([helps] * 52 + [hurts] * 48, [], 100).verdict == "off"
    cheaper = weigh_class([helps] * 100, [1] * 50, 100)
    assert cheaper.over_plain and cheaper.over_plain.value == -0.5
    assert cheaper.verdict == "off", "further blind votes bought more for the same calls"


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSAUDIT_LEDGER", "ledger.db")
    claim = {"text": "odd", "quote": "Pay Acme", "source": "user", "side": "for"}
    doubt = {**claim, "quote": "DE99", "source": "arguments", "side": "against"}
    voices = [Voice("doubter", 90, (doubt,)), Voice("truster", 10, (claim,))]

    async def record() -> str:
        config = Config.model_validate(
            {"gate": {"enforce": False}, "panel": {"triage": "all", "calling": "all"}}
        )
        seats = [voice.seat() for voice in voices]
        async with Guard(config, "ledger.db", models=seats, auditors=()).run(
            "clerk", task="Pay Acme."
        ) as run:
            await run.review([call("send_payment", account="DE99")])
            return run.id

    return anyio.run(record)


def test_the_command_says_what_is_not_known(
    recorded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["panel", "report"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "1 actions of 1 runs: 1 undecided" in shown and "K_eff" in shown
    assert "1 debates (1 no valid change): 2 calls" in shown
    assert "what they bought is not known" in shown


def test_the_command_grades_by_labels(
    recorded: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    events = list(Reader("ledger.db").events(recorded))
    (opened,) = [event.fact for event in events if isinstance(event.fact, DebateOpened)]
    label = {"run": recorded, "action": opened.action, "bad": True}
    (tmp_path / "known.jsonl").write_text(json.dumps(label) + "\n", "utf-8")
    assert run_program(["panel", "report", recorded, "--labels", "known.jsonl", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["labelled"] == 1 and made["classes"]["payment"]["verdict"] == "too few"
    (tmp_path / "known.jsonl").write_text('{"run": 1}\n', "utf-8")
    assert run_program(["panel", "report", "--labels", "known.jsonl"]) != 0
    assert "known.jsonl:1: a label is" in capsys.readouterr().err
