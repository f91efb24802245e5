"""Inspect logs are read with inspect_ai: messages and tools, never targets or scores."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from orchestrator.replay.importers import read_runs
from orchestrator.replay.recording import Recording, Unreadable
from tests.replay.outline import outline

pytest.importorskip("inspect_ai", reason="needs the extra crossaudit[inspect]")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from inspect_ai.log import (
        EvalConfig,
        EvalDataset,
        EvalLog,
        EvalSample,
        EvalSpec,
        write_eval_log,
    )
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageTool,
        ChatMessageUser,
        ContentReasoning,
        ContentText,
    )
    from inspect_ai.scorer import Score
    from inspect_ai.tool import ToolCall, ToolCallError

    calls = [
        ToolCall(id="c1", function="bash", arguments={"cmd": "ls"}),
        ToolCall(id="c2", function="bash", arguments={}, parse_error="no JSON"),
    ]
    content = [ContentReasoning(reasoning="Look first."), ContentText(text="Looking.")]
    messages = [
        ChatMessageSystem(content="Rules."),
        ChatMessageUser(content="Find the file."),
        ChatMessageAssistant(content=content, tool_calls=calls),
        ChatMessageTool(content="a.txt", tool_call_id="c1", function="bash"),
        ChatMessageTool(
            content="",
            tool_call_id="c2",
            function="bash",
            error=ToolCallError(type="parsing", message="no JSON"),
        ),
    ]
    samples = [
        EvalSample(
            id=name,
            epoch=1,
            input="TELLTALE",
            target="TELLTALE",
            messages=messages,
            scores={"s": Score(value="I", answer="TELLTALE")},
            metadata={"solution": "TELLTALE"},
        )
        for name in ("one", "two")
    ]
    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00",
        task="t",
        dataset=EvalDataset(),
        model="maker/model-i",
        config=EvalConfig(),
    )
    path = tmp_path_factory.mktemp("inspect") / "log.eval"
    write_eval_log(EvalLog(eval=spec, samples=samples), str(path))
    return path


def test_reads_the_samples_of_a_log(log: Path) -> None:
    found = list(read_runs(log))
    lines = outline(found)
    assert lines[: len(lines) // 2] == [
        'RUN inspect 0 agent maker/model-i None task="Find the file."',
        '  2 turn 0 says="Looking." thinks="Look first." c1=bash({"cmd": "ls"})'
        ' c2=bash({"_raw": [{}]}) MALFORMED',
        '  3 result c1 bash "a.txt"',
        '  4 result c2 bash "no JSON" ERROR',
    ]
    assert lines[len(lines) // 2].startswith("RUN inspect 1 ")
    assert not any("TELLTALE" in item.model_dump_json() for item in found)


def test_a_sample_above_the_limit_is_passed_over(log: Path) -> None:
    found = list(read_runs(log, limit_bytes=500))
    assert [type(item) for item in found] == [Unreadable, Unreadable]
    assert isinstance(found[0], Unreadable)
    assert found[0].why.startswith('sample "one", epoch 1: is above')


def test_a_damaged_log_is_reported(log: Path, tmp_path: Path) -> None:
    raw, path = log.read_bytes(), tmp_path / "log.eval"
    for seed in range(25):
        damaged, places = bytearray(raw), random.Random(seed)
        for _ in range(3):
            damaged[places.randrange(60, len(raw))] ^= 0xFF
        path.write_bytes(damaged)
        for item in read_runs(path, format="inspect"):
            assert isinstance(item, Recording) or "\n" not in item.why
