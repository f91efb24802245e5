"""ATIF trajectories: `schema_version` and `steps`, each of a user, the system or the agent."""

from __future__ import annotations

import json
from collections.abc import Iterator

from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    quote,
    read_objects,
    read_path,
    read_text,
    read_tools,
    read_word,
)
from orchestrator.replay.importers.importer import Importer, RunFile, each_record

_DEEPEST = 8
"""How far agents may hire agents inside one file."""


def recognises(record: object) -> bool:
    """Know the version of the schema."""
    version = record.get("schema_version") if isinstance(record, dict) else None
    return isinstance(version, str) and version.startswith("ATIF")


def read_run(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one trajectory; those of hired agents inside it follow, their steps counted on."""
    draft = file.draft(number, agent=read_word(read_path(record, "agent", "name")) or "agent")
    draft.model = read_word(read_path(record, "agent", "model_name"))
    draft.tools = read_tools(read_path(record, "agent", "tool_definitions"))
    for at, (step, is_hired) in enumerate(_read_steps(record)):
        _take(draft, at, step, is_hired)
    yield draft


def _read_steps(record: Fields, depth: int = 0) -> Iterator[tuple[Fields, bool]]:
    if "steps" not in record:
        raise Unfit("has no steps")
    for step in read_objects(record, "steps"):
        yield step, depth > 0
    if depth < _DEEPEST:
        for hired in read_objects(record, "subagent_trajectories"):
            yield from _read_steps(hired, depth + 1)


def _take(draft: Draft, at: int, step: Fields, is_hired: bool) -> None:
    source = step.get("source")
    if source == "user":
        if not is_hired:  # what a hired agent is told are not the user's words
            draft.hear(at, read_text(step.get("message")))
    elif source == "agent":
        _take_turn(draft, at, step)
    elif source != "system":
        raise Unfit(f"steps[{at}] has no known source: {quote(source)}")


def _take_turn(draft: Draft, at: int, step: Fields) -> None:
    turn = draft.open_turn(at)
    text = read_text(step.get("message"))
    turn.say(text)
    turn.think(read_text(step.get("reasoning_content")))
    calls = read_objects(step, "tool_calls")
    typed = [] if calls else _read_commands(text or "")
    for call in calls:
        name, arguments = call.get("function_name"), call.get("arguments")
        turn.call({"id": call.get("tool_call_id"), "name": name, "arguments": arguments})
    for call in typed:
        turn.call(call)
    observation = step.get("observation")
    for result in read_objects(observation, "results") if isinstance(observation, dict) else []:
        call_id = result.get("source_call_id")
        if calls or typed or call_id is not None:  # else the harness speaks
            draft.observe(at, read_text(result.get("content")) or "", call_id=call_id)


def _read_commands(text: str) -> list[Fields]:
    """Return what an agent without tool calls types into its terminal, as its message says."""
    if not text.lstrip().startswith("{"):
        return []
    try:
        commands = read_path(json.loads(text), "commands")
    except (ValueError, RecursionError):
        return []
    typed = [read_path(c, "keystrokes") for c in commands] if isinstance(commands, list) else []
    return [
        {"name": "terminal", "arguments": {"command": keys}}
        for keys in typed
        if isinstance(keys, str)
    ]


ATIF = Importer("atif", recognises, each_record(read_run))
