from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from orchestrator import ActionDenied, BlockingGuard, Config, Guard, guard_function
from orchestrator.integrations.justification import with_justification
from orchestrator.ledger.ledger import Ledger


def shell(command: str, *, times: int = 1, **more: str) -> str:
    """Stand in for a shell tool."""
    return f"ran {command} {times} {sorted(more)}"


@pytest.mark.anyio
async def test_a_guarded_function_runs_only_when_released(tmp_path: Path) -> None:
    async with Guard(Config(), tmp_path / "l.db").run("a", root=tmp_path) as run:
        guarded = guard_function(run, shell)
        assert await guarded("ls", times=2, colour="no") == "ran ls 2 ['colour']"
        with pytest.raises(ActionDenied, match="shell: deny"):
            await guarded("rm -rf /etc")
        assert run.summary().coverage.observed == 1


@pytest.mark.anyio
async def test_an_async_function_and_its_error_pass_through(tmp_path: Path) -> None:
    async def read_file(path: str) -> str:
        await anyio.lowlevel.checkpoint()
        raise FileNotFoundError(path)

    ledger = Ledger.open(tmp_path / "l.db")
    async with Guard(Config(), ledger).run("a", root=tmp_path) as run:
        with pytest.raises(FileNotFoundError):
            await guard_function(run, read_file)("x.txt")
    results = [e.fact for e in ledger.reader.events(run.id) if e.fact.kind == "result_observed"]
    ledger.close()
    assert results[0].observation.error is True
    assert results[0].observation.content == "FileNotFoundError: x.txt"


def test_arguments_without_a_name_are_refused() -> None:
    def odd(*words: str) -> None: ...

    async def go() -> None:
        with pytest.raises(TypeError, match="no name"):
            await guard_function(None, odd)("a")  # type: ignore[arg-type]

    anyio.run(go)


def test_the_blocking_twin_works_without_a_loop(tmp_path: Path) -> None:
    with BlockingGuard(Config(), tmp_path / "l.db").run("a", root=tmp_path) as run:
        assert run.review([{"id": "1", "tool": "shell", "arguments": {"command": "ls"}}]).allowed
        assert run.observe("1", "x").content == "x"
        run.user_message("go on")
        guarded = run.guard_function(shell)
        assert guarded("ls") == "ran ls 1 []"
        with pytest.raises(ActionDenied):
            guarded("rm -rf /etc")
        assert "reviewed" in run.instructions() and not run.terminated


@pytest.mark.anyio
async def test_the_blocking_twin_works_inside_a_running_loop(tmp_path: Path) -> None:
    with BlockingGuard(Config(), tmp_path / "l.db").run("a", root=tmp_path) as run:
        assert run.review([{"id": "1", "tool": "shell", "arguments": {"command": "ls"}}]).allowed


@pytest.mark.parametrize("key", ["parameters", "input_schema", "inputSchema"])
def test_tool_schemas_of_every_shape_learn_to_ask_for_reasons(key: str) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    tool = {"name": "t", key: schema}
    nested = {"type": "function", "function": tool}
    plain, inside = with_justification([tool, nested], required=True)
    for found in (plain[key], inside["function"][key]):
        assert list(found["properties"]) == ["x", "justification"]
        assert found["required"] == ["x", "justification"]
    assert list(schema["properties"]) == ["x"]
    optional = with_justification([{"name": "bare"}])[0]["parameters"]
    assert "required" not in optional
