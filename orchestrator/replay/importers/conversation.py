"""Messages and items of the model APIs, as one conversation.

Understands chat messages (`role`, `content`, `tool_calls`), content blocks (`tool_use`,
`tool_result`, `thinking`) and Responses items (`type`: `message`, `function_call`, ...).
"""

from __future__ import annotations

from orchestrator.domain.value import clean_text
from orchestrator.replay.importers.draft import Draft, OpenTurn
from orchestrator.replay.importers.fields import (
    Blocks,
    Fields,
    Unfit,
    quote,
    read_blocks,
    read_objects,
    read_path,
    read_text,
    read_word,
    show,
)

_INSTRUCTIONS = {"system", "developer"}
_AGENT = {"assistant", "agent", "model"}
_TOOL = {"tool", "function", "ipython"}


class Conversation:
    """Reads one message after the other into a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._items: OpenTurn | None = None  # the turn the latest items belong to

    def take(self, at: int, message: Fields) -> None:
        """Read the message at index `at`; raises Unfit."""
        role, kind = read_word(message.get("role")), message.get("type")
        if message.get("role") is None and isinstance(kind, str):
            self._take_item(at, message, kind)
        elif role in _AGENT:
            self._take_answer(at, message, kind)
        elif role in _TOOL:
            self._items = None
            self._take_result(at, message)
        elif role == "user":
            self._items = None
            blocks = read_blocks(message.get("content"))
            for result in blocks.results:
                self._take_result(at, result)
            self.draft.hear(at, blocks.text)
        elif role not in _INSTRUCTIONS:
            raise Unfit(f"the message at {at} has no known role: {quote(message.get('role'))}")

    def _take_answer(self, at: int, message: Fields, kind: object) -> None:
        blocks = read_blocks(message.get("content"))
        turn = self._turn(at) if kind == "message" else self.draft.open_turn(at)
        turn.say(blocks.text)
        turn.think(read_reasoning(message, blocks))
        for call in (*read_objects(message, "tool_calls"), *blocks.calls):
            turn.call(call)
        if isinstance(legacy := message.get("function_call"), dict):
            turn.call(legacy)

    def _take_result(self, at: int, result: Fields) -> None:
        call_id = next((result[k] for k in _RESULT_IDS if result.get(k) is not None), None)
        content = result.get("content", result.get("output"))
        error = result.get("is_error") or result.get("error") or result.get("isError")
        self.draft.observe(
            at,
            read_text(content) or _read_error(error),
            call_id=call_id,
            tool=read_word(result.get("name")),
            error=bool(error),
        )

    def _take_item(self, at: int, item: Fields, kind: str) -> None:
        if kind.endswith("_output"):
            self._items = None
            self._take_result(at, item)
        elif kind == "reasoning":
            turn = self._turn(at)
            for block in (*read_objects(item, "summary"), *read_objects(item, "content")):
                turn.think(read_text([{**block, "type": "text"}]))
        elif kind.endswith("_call"):
            action = self._turn(at).call(_as_call(item, kind))
            if isinstance(output := item.get("output"), str):  # the vendor ran it
                self.draft.observe(
                    at, clean_text(output), call_id=action.call_id, action=action.id,
                    error=bool(item.get("error")),
                )  # fmt: skip

    def _turn(self, at: int) -> OpenTurn:
        self._items = self._items or self.draft.open_turn(at)
        return self._items


_RESULT_IDS = ("tool_call_id", "tool_use_id", "call_id", "toolCallId")
_ITEM_FIELDS = {"id", "call_id", "type", "status", "name", "arguments", "input", "output", "error"}


def read_reasoning(message: Fields, blocks: Blocks) -> str | None:
    """Return what a message holds of the agent's trace; None where it holds none."""
    for key in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(found := message.get(key), str):
            return clean_text(found)
    return blocks.reasoning


def _read_error(error: object) -> str:
    if isinstance(message := read_path(error, "message"), str):
        return clean_text(message)
    return show(error) if error and error is not True else ""


def _as_call(item: Fields, kind: str) -> Fields:
    """Return an item as a call; one of a built-in tool has its arguments beside the id."""
    given = item.get("arguments", item.get("input"))
    rest = {key: value for key, value in item.items() if key not in _ITEM_FIELDS}
    name = item.get("name") or kind.removesuffix("_call")
    if kind == "custom_tool_call":
        given = {"input": given}
    return {
        "id": item.get("call_id", item.get("id")),
        "name": name,
        "arguments": rest if given is None else given,
    }
