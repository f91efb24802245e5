"""Real child processes that speak the protocol, well and badly."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config import Config
from orchestrator.domain.event import Event
from orchestrator.guard import CrossauditError, Guard
from orchestrator.integrations.json_lines import Ended, _parse, run_command
from orchestrator.integrations.tools import file_and_shell_tools
from orchestrator.ledger.ledger import Ledger

pytestmark = pytest.mark.anyio

PRELUDE = """
import json, sys, time
def hear():
    line = sys.stdin.readline()
    return json.loads(line) if line else None
def say(**message):
    print(json.dumps(message), flush=True)
def turn(id, *calls, **more):
    say(type="turn", id=id, calls=[dict(id=c, tool=t, arguments=a) for c, t, a in calls], **more)
    return hear()
hello = hear()
"""


async def converse(
    tmp_path: Path, script: str, **options: Any
) -> tuple[Ended, list[Event], list[Any]]:
    """Run `script` as an agent; return how it ended, the events, and what it wrote to its log."""
    ledger = Ledger.open(tmp_path / "ledger.db")
    log = tmp_path / "log.jsonl"
    source = PRELUDE + f"log = open({str(log)!r}, 'w')\n" + textwrap.dedent(script)
    try:
        guard = Guard(Config(), ledger)
        ended = await run_command(
            guard, [sys.executable, "-c", source], agent="child", folder=tmp_path, **options
        )
        events = list(ledger.reader.events(ended.run))
    finally:
        ledger.close()
    said = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return ended, events, said


async def test_an_agent_is_told_the_decision_and_the_clause_and_nothing_more(
    tmp_path: Path,
) -> None:
    ended, events, said = await converse(
        tmp_path,
        """
        print(json.dumps(hello), file=log)
        calls = [("a", "shell", {"command": "ls"}), ("b", "shell", {"command": "rm -rf /etc"})]
        answer = turn("1", *calls, message="tidying", reasoning="quick")
        print(json.dumps(answer), file=log)
        say(type="result", call="a", content="x.txt")
        print(json.dumps(hear()), file=log)
        """,
        task="tidy",
    )
    hello, decision, result = said
    assert hello["task"] == "tidy" and hello["run"] == ended.run and hello["version"] == 1
    first, second = decision["calls"]
    assert (decision["turn"], first) == ("1", {"id": "a", "decision": "allow"})
    assert second["decision"] == "deny" and set(second) == {"id", "decision", "clause"}
    assert result == {"type": "result", "call": "a", "decision": "allow", "content": "x.txt"}
    assert (ended.exit_code, ended.terminated) == (0, False)
    assert events[-2].fact.kind == "run_closed"


async def test_the_host_runs_the_tools_it_released(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    tools = file_and_shell_tools(work, environment={})
    _, _, said = await converse(
        tmp_path,
        """
        print(json.dumps(hello), file=log)
        turn("1", ("a", "write_file", {"path": "note.txt", "content": "hi"}))
        print(json.dumps(hear()), file=log)
        turn("2", ("b", "read_file", {"path": "note.txt"}), ("c", "read_file", {"path": "none"}))
        for _ in range(2):
            print(json.dumps(hear()), file=log)
        """,
        tools=tools,
        execute="host",
    )
    hello, wrote, read, missing = said
    assert [tool["name"] for tool in hello["tools"]] == list(tools)
    assert wrote["content"] == "2 characters written"
    assert read["content"] == "hi" and read["decision"] == "allow"
    assert "No such file" in missing["content"]
    assert (work / "note.txt").read_text() == "hi"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("print('Traceback: oh no', flush=True)", "is not JSON"),
        ("print('[1]', flush=True)", "not a JSON object"),
        ("say(type='user', content='go on')", "is of type 'user'"),
        ("say(type='turn', calls=[])", "without an id"),
        ("say(type='turn', id='1', calls=[{'id': 'a'}])", "without a tool"),
        (
            "say(type='turn', id='1', calls=[{'id':'a','tool':'t'},{'id':'a','tool':'t'}])",
            "same id",
        ),
        ("say(type='result', call='a', content='early')", "was not decided yet"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()", "is not JSON"),
        ("sys.stdout.write('{\"type\"'); sys.exit()", "is not JSON"),
    ],
)
async def test_anything_else_on_its_output_ends_the_run(
    tmp_path: Path, script: str, why: str
) -> None:
    ended, events, _ = await converse(tmp_path, script + "\nhear()")
    assert ended.terminated and why in ended.why
    assert any(e.fact.kind == "protocol_broken" for e in events)
    closed = next(e.fact for e in events if e.fact.kind == "run_closed")
    assert closed.how == "terminated"


async def test_a_result_sent_while_its_call_is_still_judged_ends_the_run(tmp_path: Path) -> None:
    ended, _, _ = await converse(
        tmp_path,
        """
        calls = [dict(id="a", tool="shell", arguments={"command": "ls"})]
        turn = dict(type="turn", id="1", calls=calls)
        early = dict(type="result", call="a", content="already done")
        sys.stdout.write(json.dumps(turn) + "\\n" + json.dumps(early) + "\\n")
        sys.stdout.flush()
        hear()
        """,
    )
    assert ended.terminated and "not decided yet" in ended.why


async def test_a_result_where_the_host_executes_ends_the_run(tmp_path: Path) -> None:
    tools = file_and_shell_tools(tmp_path, environment={})
    ended, _, _ = await converse(
        tmp_path, "say(type='result', call='a', content='x')\nhear()", tools=tools, execute="host"
    )
    assert "host executes" in ended.why


async def test_an_agent_that_keeps_acting_after_three_denials_is_stopped(tmp_path: Path) -> None:
    ended, _, said = await converse(
        tmp_path,
        """
        for n in range(50):
            answer = turn(str(n), (f"c{n}", "shell", {"command": "rm -rf /etc"}))
            if answer is None:
                break
            print(json.dumps(answer["calls"][0]["decision"]), file=log, flush=True)
        time.sleep(60)
        """,
    )
    assert ended.terminated and said == ["deny", "deny", "terminate"]


async def test_an_agent_that_fails_is_recorded_as_failed(tmp_path: Path) -> None:
    ended, events, _ = await converse(tmp_path, "sys.exit(4)")
    assert (ended.exit_code, ended.terminated) == (4, False)
    closed = next(e.fact for e in events if e.fact.kind == "run_closed")
    assert (closed.how, closed.why) == ("failed", "the agent exited with 4")


async def test_the_child_knows_that_it_is_guarded(tmp_path: Path) -> None:
    ended, _, said = await converse(
        tmp_path, "import os; print(json.dumps(os.environ['CROSSAUDIT_RUN']), file=log)"
    )
    assert said == [ended.run]


async def test_what_the_agent_started_is_stopped_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with anyio.fail_after(30):
        await converse(
            tmp_path,
            f"""
            import subprocess
            child = subprocess.Popen(["sleep", "300"])
            open({str(pid_file)!r}, "w").write(str(child.pid))
            print("not JSON", flush=True)
            time.sleep(300)
            """,
        )
    pid = int(pid_file.read_text())
    for _ in range(100):
        if not _is_running(pid):
            return
        await anyio.sleep(0.05)
    pytest.fail("the agent's own child is still running")


async def test_a_command_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    guard = Guard(Config(), tmp_path / "ledger.db")
    with pytest.raises(CrossauditError, match="cannot start 'no-such-agent'"):
        await run_command(guard, ["no-such-agent"], agent="x")


@settings(max_examples=1_500)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode)
       | st.recursive(st.none() | st.text(max_size=9) | st.integers(),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                          st.sampled_from(["type", "id", "calls", "call", "tool", "message"]),
                          inner | st.sampled_from(["turn", "result"]), max_size=6),
                      ).map(lambda data: json.dumps(data).encode()))  # fmt: skip
def test_a_line_is_a_message_or_has_an_objection(line: bytes) -> None:
    message, why = _parse(line)
    assert (message is None and why) or (message is not None and message["type"])


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"
