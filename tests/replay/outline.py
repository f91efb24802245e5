"""A recording in a few lines of text, so that a test can say what it expects of one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from orchestrator.replay.importers import read_runs
from orchestrator.replay.recording import (
    AgentTurn,
    HumanAnswer,
    Recording,
    Step,
    ToolResult,
    Unreadable,
    UserWords,
)

SAMPLES = Path(__file__).parent / "samples"


def outline(found: Iterable[Recording | Unreadable]) -> list[str]:
    """Return a line for each run and each of its steps."""
    return [line for item in found for line in _lines(item)]


def read_text(text: str | bytes, path: Path, *, format: str | None = None) -> list[str]:
    """Write `text` to `path` and return the outline of what it is read as."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return outline(read_runs(path, format=format))


def _lines(item: Recording | Unreadable) -> list[str]:
    if isinstance(item, Unreadable):
        return [f"UNREADABLE {item.record} {item.why}"]
    calls = "" if item.has_calls else " no-calls"
    head = f"RUN {item.source.format} {item.source.record} {item.agent} {item.model} {item.root}"
    return [f"{head}{calls} task={json.dumps(item.task)}", *map(_line, item.steps)]


def _line(step: Step) -> str:
    match step:
        case UserWords():
            return f"  {step.message} user {json.dumps(step.text)}"
        case AgentTurn(turn=turn):
            said = f"says={json.dumps(turn.message)} thinks={json.dumps(turn.reasoning)}"
            calls = [
                f"{a.id}={a.tool}({json.dumps(a.arguments)}){' MALFORMED' * bool(a.malformed)}"
                for a in turn.actions
            ]
            return " ".join((f"  {step.message} turn {turn.index} {said}", *calls))
        case ToolResult(observation=seen):
            error = " ERROR" * seen.error
            repeated = "" if step.arguments is None else f" repeats={json.dumps(step.arguments)}"
            content = json.dumps(seen.content)
            return f"  {step.message} result {seen.action} {seen.tool} {content}{error}{repeated}"
        case HumanAnswer():
            return f"  {step.message} human {step.action} {step.approval.answer}"
