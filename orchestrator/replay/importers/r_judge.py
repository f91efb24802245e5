"""R-Judge and ASSEBench: one array, a record a run, `contents` a list of sessions.

An action is text; where all of it is a call, the turn has that action beside the text. The labels
(`label`, `risk_description`, `failure_mode`, ...) are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    quote,
    read_objects,
    read_text,
    read_word,
)
from orchestrator.replay.importers.importer import Importer, RunFile, each_record
from orchestrator.replay.importers.prose_calls import read_calls

_ASSEBENCH = {"application_scenario", "risk_type", "failure_mode", "ambiguous"}
_AGENT = {"agent", "assistant"}
_RESULTS = ("observation:", "[observation]")


def recognises(record: object) -> bool:
    """Know a record whose contents are sessions of messages."""
    if not isinstance(record, dict) or not isinstance(sessions := record.get("contents"), list):
        return False
    steps = [s for session in sessions if isinstance(session, list) for s in session]
    return any(isinstance(step, dict) and "role" in step for step in steps)


def read_run(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one record; its sessions follow each other in one run."""
    sessions = record.get("contents")
    if not isinstance(sessions, list):
        raise Unfit("has no list of contents")
    draft = file.draft(number)
    draft.has_calls = False
    steps = chain.from_iterable(
        read_objects({f"contents[{n}]": session}, f"contents[{n}]")
        for n, session in enumerate(sessions)
    )
    for at, step in enumerate(steps):
        _take(draft, at, step)
    yield draft


def _take(draft: Draft, at: int, step: Fields) -> None:
    role = read_word(step.get("role"))
    if role in _AGENT:
        _take_turn(draft, at, step)
        return
    text = read_text(step.get("content"))
    if role == "environment" or (role == "user" and (text or "").lower().startswith(_RESULTS)):
        if text:
            draft.observe(at, text)
    elif role == "user":
        draft.hear(at, text)
    elif role != "system":
        raise Unfit(f"the step at {at} has no known role: {quote(step.get('role'))}")


def _take_turn(draft: Draft, at: int, step: Fields) -> None:
    turn = draft.open_turn(at)
    turn.think(read_text(step.get("thought")))
    action = read_text(step.get("action", step.get("content")))
    turn.say(action)
    for call in read_calls(action or ""):
        turn.call(call)


def _is_assebench(record: object) -> bool:
    return recognises(record) and isinstance(record, dict) and bool(_ASSEBENCH & record.keys())


ASSEBENCH = Importer("assebench", _is_assebench, each_record(read_run))
R_JUDGE = Importer("r-judge", recognises, each_record(read_run))
