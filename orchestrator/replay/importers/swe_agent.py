"""SWE-agent `.traj`: `trajectory` with a command a step, else `history` as chat messages.

`info` (exit status, submission) is not read.
"""

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
    read_word,
)
from orchestrator.replay.importers.importer import Importer, RunFile, each_record

_PARAMETERS = {  # of the harness's own commands; the last one takes the rest of the text
    "open": ("path", "line"),
    "goto": ("line",),
    "scroll_up": (),
    "scroll_down": (),
    "create": ("path",),
    "edit": ("lines", "text"),
    "search_dir": ("text", "path"),
    "search_file": ("text", "path"),
    "find_file": ("name", "path"),
    "str_replace_editor": ("command", "path", "rest"),
    "submit": (),
}


def recognises(record: object) -> bool:
    """Know a trajectory of commands, or a history that names its agents."""
    if not isinstance(record, dict):
        return False
    for key, mark in (("trajectory", "observation"), ("history", "agent")):
        steps = record.get(key)
        if isinstance(steps, list) and any(isinstance(s, dict) and mark in s for s in steps):
            return True
    return False


def read_run(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one file."""
    if "trajectory" not in record and "history" not in record:
        raise Unfit("has neither a trajectory nor a history")
    draft = file.draft(number, agent="swe-agent")
    history = read_objects(record, "history")
    steps = read_objects(record, "trajectory")
    if steps:
        draft.hear(0, next((_said(m) for m in history if _is_users(m)), None))
        for at, step in enumerate(steps):
            _take_step(draft, at, step)
    else:
        for at, message in enumerate(history):
            _take_message(draft, at, message)
    yield draft


def read_command(action: str) -> Fields | None:
    """Return a command line as a call; None where it is only the harness ending the run."""
    text = action.strip()
    word, _, rest = text.partition(" ")
    if not text or text.startswith("exit_"):
        return None
    names = _PARAMETERS.get(word.strip())
    if names is None:
        return {"name": "bash", "arguments": {"command": text}}
    values = rest.split(None, len(names) - 1) if names else []
    arguments = {
        name: value if name == "text" else value.strip("\"'")
        for name, value in zip(names, values, strict=False)
    }
    return {"name": word, "arguments": arguments}


def _take_step(draft: Draft, at: int, step: Fields) -> None:
    draft.root = draft.root or _read_folder(step.get("state"))
    turn = draft.open_turn(at)
    turn.think(read_text(step.get("thought")))
    call = read_command(read_text(step.get("action")) or "")
    if call is None:
        turn.say(read_text(step.get("response")))
        return
    action = turn.call(call)
    if (observation := read_text(step.get("observation"))) is not None:
        draft.observe(at, observation, action=action.id)


def _take_message(draft: Draft, at: int, message: Fields) -> None:
    role = message.get("role")
    if role == "system" or _is_shown(message):
        return
    if role == "assistant":
        _take_answer(draft, at, message)
    elif role == "tool" or (role == "user" and draft.turns):
        ids = message.get("tool_call_ids")
        call_id = ids[0] if isinstance(ids, list) and ids else message.get("tool_call_id")
        draft.observe(at, _said(message) or "", call_id=call_id)
    elif role == "user":
        draft.hear(at, _said(message))
    else:
        raise Unfit(f"history[{at}] has no known role: {quote(role)}")


def _take_answer(draft: Draft, at: int, message: Fields) -> None:
    turn = draft.open_turn(at)
    turn.think(read_text(message.get("thought")))
    turn.say(_said(message))
    calls = read_objects(message, "tool_calls")
    for call in calls:
        turn.call(call)
    if not calls and (typed := read_command(read_text(message.get("action")) or "")):
        turn.call(typed)


def _said(message: Fields) -> str | None:
    return read_text(message.get("content"))


def _is_shown(message: Fields) -> bool:
    """Say whether it is of a demonstration that the agent was shown."""
    return bool(message.get("is_demo")) or message.get("message_type") == "demonstration"


def _is_users(message: Fields) -> bool:
    return message.get("role") == "user" and not _is_shown(message)


def _read_folder(state: object) -> str | None:
    """Return the working directory of a state, which is an object or its JSON."""
    if isinstance(state, str):
        try:
            state = json.loads(state)
        except (ValueError, RecursionError):
            return None
    return read_word(read_path(state, "working_dir"))


SWE_AGENT = Importer("swe-agent", recognises, each_record(read_run))
