"""Gemini CLI sessions: one object, `messages` of type `user` and `gemini`, results inside calls."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.replay.importers.draft import Draft, OpenTurn
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    name_model,
    quote,
    read_objects,
    read_path,
    read_text,
    read_word,
    show,
)
from orchestrator.replay.importers.importer import Importer, RunFile, each_record

_NOT_SAID = {"info", "error", "warning", "system"}


def recognises(record: object) -> bool:
    """Know a session by the kind of its messages."""
    if not isinstance(record, dict) or not isinstance(record.get("messages"), list):
        return False
    return "projectHash" in record or any(
        isinstance(message, dict) and message.get("type") == "gemini"
        for message in record["messages"]
    )


def read_session(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one session."""
    if "messages" not in record:
        raise Unfit("has no messages")
    draft = file.draft(number, agent="gemini-cli")
    for at, message in enumerate(read_objects(record, "messages")):
        kind = read_word(message.get("type"))
        if kind == "user":
            draft.hear(at, read_text(message.get("content")))
        elif kind == "gemini":
            _take_answer(draft, at, message)
        elif kind not in _NOT_SAID:
            raise Unfit(f"messages[{at}] is of no known type: {quote(message.get('type'))}")
    yield draft


def _take_answer(draft: Draft, at: int, message: Fields) -> None:
    draft.model = draft.model or name_model("google", message.get("model"))
    turn = draft.open_turn(at)
    turn.say(read_text(message.get("content")))
    for thought in read_objects(message, "thoughts"):
        parts = (read_word(thought.get(key)) for key in ("subject", "description"))
        turn.think(": ".join(filter(None, parts)))
    calls = read_objects(message, "toolCalls")
    answered = [(call, _make_call(turn, call)) for call in calls]
    for call, action in answered:
        _observe(draft, at, call, action)


def _make_call(turn: OpenTurn, call: Fields) -> str:
    return turn.call(call).id


def _observe(draft: Draft, at: int, call: Fields, action: str) -> None:
    parts = read_objects(call, "result") if isinstance(call.get("result"), list) else []
    texts = []
    for part in parts:
        response = read_path(part, "functionResponse", "response")
        held = response if isinstance(response, dict) else {"output": response or part}
        texts.append(show(held.get("output", held.get("error", held))))
    if texts:
        error = call.get("status") in ("error", "cancelled")
        draft.observe(at, "\n".join(texts), call_id=call.get("id"), action=action, error=error)


GEMINI_CLI = Importer("gemini-cli", recognises, each_record(read_session))
