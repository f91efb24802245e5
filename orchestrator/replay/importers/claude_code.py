"""Claude Code sessions: JSON lines, one content block a line, answers joined by `message.id`.

Progress lines repeat what a hired agent does, whose session has a file of its own; they and
snapshots, summaries and whatever else stands between are passed over.
"""

from __future__ import annotations

from orchestrator.replay.importers.draft import Draft, OpenTurn
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    name_model,
    read_blocks,
    read_text,
    read_word,
)
from orchestrator.replay.importers.importer import Importer, whole_file

_MARKS = {"sessionId", "leafUuid", "isSnapshotUpdate", "parentUuid"}
_NOT_THE_USER = ("isMeta", "isCompactSummary", "isSidechain")
_SYNTHETIC = "<synthetic>"


def recognises(record: object) -> bool:
    """Know any line of a session."""
    return (
        isinstance(record, dict)
        and isinstance(record.get("type"), str)
        and bool(_MARKS & record.keys())
    )


class ClaudeCode:
    """One session."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._turns: dict[str, OpenTurn] = {}

    def take(self, at: int, entry: Fields) -> None:
        """Read the line at index `at`; raises Unfit."""
        kind = entry.get("type")
        if kind not in ("user", "assistant"):
            return
        message = entry.get("message")
        if not isinstance(message, dict):
            raise Unfit("'message' is not an object")
        self.draft.root = self.draft.root or read_word(entry.get("cwd"))
        if kind == "user":
            self._take_user(at, entry, message)
        elif message.get("model") != _SYNTHETIC:
            self._take_answer(at, message)

    def _take_user(self, at: int, entry: Fields, message: Fields) -> None:
        blocks = read_blocks(message.get("content"))
        for result in blocks.results:
            self.draft.observe(
                at,
                read_text(result.get("content")) or "",
                call_id=result.get("tool_use_id"),
                error=bool(result.get("is_error")),
            )
        if not any(entry.get(mark) for mark in _NOT_THE_USER):
            self.draft.hear(at, blocks.text)

    def _take_answer(self, at: int, message: Fields) -> None:
        self.draft.model = self.draft.model or name_model("anthropic", message.get("model"))
        turn = self._turn(at, read_word(message.get("id")))
        blocks = read_blocks(message.get("content"))
        turn.think(blocks.reasoning)
        turn.say(blocks.text)
        for call in blocks.calls:
            turn.call(call)

    def _turn(self, at: int, name: str | None) -> OpenTurn:
        if name is None:
            return self.draft.open_turn(at)
        if name not in self._turns:
            self._turns[name] = self.draft.open_turn(at)
        return self._turns[name]


CLAUDE_CODE = Importer("claude-code", recognises, whole_file(ClaudeCode, recognises, "claude-code"))
