"""pi sessions: JSON lines, a header and then one message a line, with entries of other kinds."""

from __future__ import annotations

from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    name_model,
    quote,
    read_blocks,
    read_path,
    read_text,
    read_word,
)
from orchestrator.replay.importers.importer import Importer, whole_file

_NOT_SAID = {"bashExecution", "compactionSummary", "branchSummary", "custom", "hookMessage"}


def recognises(record: object) -> bool:
    """Know the header or a message."""
    if not isinstance(record, dict):
        return False
    if record.get("type") == "session":
        return "cwd" in record and "message" not in record
    return record.get("type") == "message" and isinstance(read_path(record, "message", "role"), str)


class Pi:
    """One session."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    def take(self, at: int, entry: Fields) -> None:
        """Read the line at index `at`; raises Unfit."""
        kind = entry.get("type")
        if kind == "session":
            self.draft.root = self.draft.root or read_word(entry.get("cwd"))
            self.draft.model = name_model(entry.get("provider"), entry.get("modelId"))
        elif kind == "message":
            message = entry.get("message")
            if not isinstance(message, dict):
                raise Unfit("'message' is not an object")
            self._take_message(at, message)

    def _take_message(self, at: int, message: Fields) -> None:
        role = read_word(message.get("role"))
        if role == "user":
            self.draft.hear(at, read_text(message.get("content")))
        elif role == "assistant":
            self._take_answer(at, message)
        elif role == "toolResult":
            self.draft.observe(
                at,
                read_text(message.get("content")) or "",
                call_id=message.get("toolCallId"),
                tool=read_word(message.get("toolName")),
                error=bool(message.get("isError")),
            )
        elif role not in _NOT_SAID:
            raise Unfit(f"the message has no known role: {quote(message.get('role'))}")

    def _take_answer(self, at: int, message: Fields) -> None:
        named = name_model(message.get("provider"), message.get("model"))
        self.draft.model = self.draft.model or named
        turn = self.draft.open_turn(at)
        blocks = read_blocks(message.get("content"))
        turn.say(blocks.text)
        turn.think(blocks.reasoning)
        for call in blocks.calls:
            turn.call(call)


PI = Importer("pi", recognises, whole_file(Pi, recognises, "pi"))
