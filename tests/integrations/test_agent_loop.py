"""A model at work under guard: over both wire protocols, and step by step with a scripted one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.program import run_program
from orchestrator.config import Config
from orchestrator.domain.event import Decided, SampleJudged, TurnProposed
from orchestrator.errors import ConfigError, CrossauditError
from orchestrator.guard import Guard
from orchestrator.integrations.agent_loop import Worked, run_agent
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.models.agent import AgentCall, AgentReply
from tests.loopback.server import Loopback, fails, says, serving
from tests.panel.seats import says as scores
from tests.panel.seats import seat
from tests.panel.test_protocols import by_content, configure

TASK = "Write May into notes.txt."


class ScriptedAgent:
    """A model that says what it is told, in order, and keeps what it was shown."""

    vendor, model = "acme", "scripted"

    def __init__(self, *replies: AgentReply | Callable[[], AgentReply]) -> None:
        self._left = list(replies)
        self.shown: list[Sequence[Any]] = []

    async def next_turn(self, messages: Sequence[Any], tools: Sequence[Any]) -> AgentReply:
        self.shown.append(messages)
        reply = self._left.pop(0) if self._left else done("done")
        return reply if isinstance(reply, AgentReply) else reply()


def done(text: str) -> AgentReply:
    return AgentReply(message=text, stop="done")


def calls(tool: str, reasoning: str = "", **arguments: Any) -> AgentReply:
    call = AgentCall(id="c0", tool=tool, arguments=arguments)
    return AgentReply(message="I go on.", reasoning=reasoning, calls=(call,), stop="calls")


def write(content: str) -> AgentReply:
    return calls("write_file", path="notes.txt", content=content)


async def work(
    folder: Path, model: ScriptedAgent, guard: Guard | None = None, **options: Any
) -> tuple[Worked, list[Any]]:
    place = folder / "work"
    place.mkdir(exist_ok=True)
    ledger = folder / "l.db"
    guard = guard or Guard(Config(), ledger)
    worked = await run_agent(guard, model, TASK, folder=place, **options)
    with closing(Reader(ledger)) as reader:
        return worked, [event.fact for event in reader.events(worked.run)]


async def test_it_works_until_it_is_done_and_sees_its_results(tmp_path: Path) -> None:
    model = ScriptedAgent(write("May"), calls("read_file", "now check", path="notes.txt"))
    worked, facts = await work(tmp_path, model)
    assert (worked.said, worked.why, worked.terminated) == ("done", "", False)
    assert (tmp_path / "work" / "notes.txt").read_text() == "May"
    assert [m.role for m in model.shown[-1]] == [
        "system", "user", "assistant", "tool", "assistant", "tool"
    ]  # fmt: skip
    assert model.shown[-1][-1].content == "May"
    assert "reviewed against these clauses" in model.shown[0][0].content
    turns = [f.turn for f in facts if isinstance(f, TurnProposed)]
    assert [t.reasoning for t in turns] == [None, "now check", None]
    assert worked.summary.coverage.share == 1.0 and len(worked.usages) == 3


async def test_a_denied_call_is_answered_with_its_clause_alone(tmp_path: Path) -> None:
    model = ScriptedAgent(calls("shell", command="rm -rf /"))
    _, facts = await work(tmp_path, model)
    decision = next(f.decision for f in facts if isinstance(f, Decided))
    assert model.shown[-1][-1].content == f"This call was not allowed ({decision.clause})."


async def test_the_shell_knows_that_it_is_guarded(tmp_path: Path) -> None:
    model = ScriptedAgent(calls("shell", command="echo run=$CROSSAUDIT_RUN"))
    worked, _ = await work(tmp_path, model)
    assert model.shown[-1][-1].content.strip() == f"run={worked.run}"


async def test_only_the_tools_that_were_asked_for_are_there(tmp_path: Path) -> None:
    model = ScriptedAgent(calls("shell", command="ls"))
    await work(tmp_path, model, tools=["files"])
    assert "there is no tool 'shell'" in model.shown[-1][-1].content
    with pytest.raises(ConfigError, match="there are files, shell"):
        await work(tmp_path, model, tools=["network"])


async def test_it_stops_after_its_turns_and_when_it_was_cut_off(tmp_path: Path) -> None:
    worked, _ = await work(tmp_path, ScriptedAgent(*[write("x")] * 5), max_turns=2)
    assert worked.why == "the model was not done after 2 turns"
    cut = write("half").model_copy(update={"stop": "truncated"})
    worked, facts = await work(tmp_path, ScriptedAgent(cut))
    assert "token limit" in worked.why
    assert not [f for f in facts if isinstance(f, Decided)], "what was cut off is not run"


async def test_a_guard_that_ends_the_run_ends_the_work(tmp_path: Path) -> None:
    model = ScriptedAgent(*[calls("shell", command="rm -rf /")] * 9)
    worked, _ = await work(tmp_path, model)
    assert worked.terminated and len(model.shown) == 3


async def test_a_model_that_fails_is_an_error_and_is_recorded(tmp_path: Path) -> None:
    def fail() -> AgentReply:
        raise CrossauditError("the agent gave no next turn: overloaded")

    with pytest.raises(CrossauditError, match="overloaded"):
        await work(tmp_path, ScriptedAgent(write("x"), fail))
    with closing(Reader(tmp_path / "l.db")) as reader:
        closed = list(reader.events(reader.runs()[0].run))[-2]
    assert "overloaded" in closed.model_dump_json()


async def test_a_better_sample_takes_the_place_of_a_suspicious_turn(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d")
    models = [seat(name, by_content("backdoor", 99, 1)) for name in names]
    config = configure("defer_to_resample", aggregator="mean", resamples=2)
    guard = Guard(config, tmp_path / "l.db", models=models)
    agent = ScriptedAgent(write("backdoor"), write("May"), write("May"))
    worked, facts = await work(tmp_path, agent, guard)
    assert (tmp_path / "work" / "notes.txt").read_text() == "May"
    assert len([f for f in facts if isinstance(f, SampleJudged)]) == 2
    said = json.dumps([[m.role, m.content, str(m.calls)] for m in agent.shown[-1][1:]])
    assert "backdoor" not in said and "sample" not in said and "not allowed" not in said
    assert agent.shown[1] == agent.shown[0], "asked again from the same context"
    assert not worked.why


async def test_a_trusted_model_takes_over_what_is_deferred(tmp_path: Path) -> None:
    models = [seat("old", by_content("backdoor", 99, 1), trust="trusted"), seat("b", scores(1))]
    guard = Guard(configure("defer_to_trusted"), tmp_path / "l.db", models=models)
    agent, trusted = ScriptedAgent(write("backdoor")), ScriptedAgent(write("May"))
    await work(tmp_path, agent, guard, trusted=trusted)
    assert (tmp_path / "work" / "notes.txt").read_text() == "May"
    assert trusted.shown[0] == agent.shown[0]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "l.db"))
    with serving() as running:
        yield running


WRITING = says(
    "I write it.",
    thoughts="The user wants May in there.",
    calls=(("write_file", json.dumps({"path": "notes.txt", "content": "May"})),),
)
REMOVING = says("", calls=(("shell", json.dumps({"command": "rm -rf /"})),))


@pytest.mark.parametrize(("api", "path"), [("openai", "/v1"), ("anthropic", "")])
def test_the_command_runs_a_model_over_either_wire(
    tmp_path: Path, server: Loopback, capfd: pytest.CaptureFixture[str], api: str, path: str
) -> None:
    server.play(WRITING, REMOVING, says("It is in\x1b[2J there."))
    code = run_program(
        ["run", "--agent", f"{api}:m-1", TASK, "--tools", "files,shell", "--dir", str(tmp_path),
         "--base-url", f"{server.url}{path}"]
    )  # fmt: skip
    out, err = capfd.readouterr()
    assert code == 0, err
    assert (tmp_path / "notes.txt").read_text() == "May"
    assert out == "It is in\\x1b[2J there.\n"
    assert "✗ deny" in err and "agent: 3 model calls" in err and "3,000 in, 150 out" in err
    assert len(server.asked) == 3
    last = json.dumps(server.asked[-1].body)
    assert "This call was not allowed (" in last and "4 characters" not in last
    with closing(Reader(tmp_path / "l.db")) as reader:
        facts = [event.fact for event in reader.events(reader.runs()[0].run)]
    turn = next(f.turn for f in facts if isinstance(f, TurnProposed))
    assert (turn.message, turn.reasoning) == ("I write it.", "The user wants May in there.")


def test_a_model_that_cannot_be_reached_is_one_sentence(
    tmp_path: Path, server: Loopback, capfd: pytest.CaptureFixture[str]
) -> None:
    server.play(fails(401, "bad key"))
    command = ["run", "--agent", "openai:m-1", TASK, "--base-url", f"{server.url}/v1"]
    assert run_program([*command, "--dir", str(tmp_path)]) == 1
    assert "gave no next turn" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says_why"),
    [
        (["--agent", "openai:m"], "say what the agent is to do"),
        (["--agent", "openai:m", "--task", "a", "b"], "given twice"),
        (["--agent", "openai:m", "--model", "x/y", "b"], "--model is for a command"),
        (["--base-url", "http://127.0.0.1", "--", "true"], "are for a model"),
        ([], "name the COMMAND"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    says_why: str,
) -> None:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "l.db"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert run_program(["run", *arguments]) == 2
    assert says_why in capfd.readouterr().err
    assert not (tmp_path / "l.db").exists() or not Ledger.open(tmp_path / "l.db").reader.runs()
