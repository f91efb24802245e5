"""AgentDojo: JSON lines as exported, one run a line, or one native JSON file a run.

The labels stand in `metadata`, `utility` and `security`; none of them is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.domain.value import JsonObject, clean
from orchestrator.replay.importers.draft import Draft, OpenTurn
from orchestrator.replay.importers.fields import (
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
from orchestrator.replay.importers.importer import Importer, RunFile, each_record

_OPEN, _CLOSE = "<thinking>", "</thinking>"
_NATIVE = {"suite_name", "user_task_id", "pipeline_name"}


def recognises(record: object) -> bool:
    """Know the header, an exported run or a native file."""
    if not isinstance(record, dict):
        return False
    if "messages" not in record:
        return bool(read_path(record, "metadata", "benchmark") == "agent-dojo")
    labels = record.get("metadata")
    return bool(_NATIVE & record.keys() or (isinstance(labels, dict) and _NATIVE & labels.keys()))


def read_run(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one line or file; the header holds no run."""
    if "messages" not in record:
        if isinstance(record.get("metadata"), dict):
            return
        raise Unfit("has no messages")
    draft = file.draft(number)
    draft.model = read_word(read_path(record, "metadata", "model") or record.get("pipeline_name"))
    for at, message in enumerate(read_objects(record, "messages")):
        _take(draft, at, message)
    yield draft


def _take(draft: Draft, at: int, message: Fields) -> None:
    role = message.get("role")
    if role == "assistant":
        turn = draft.open_turn(at)
        _speak(turn, message)
        for call in read_objects(message, "tool_calls"):
            turn.call(call)
    elif role == "user":
        draft.hear(at, read_text(message.get("content")))
    elif role == "tool":
        _observe(draft, at, message)
    elif role != "system":
        raise Unfit(f"messages[{at}] has no known role: {quote(role)}")


def _speak(turn: OpenTurn, message: Fields) -> None:
    blocks = read_blocks(message.get("content"))
    text, thoughts = split_thinking(blocks.text)
    turn.say(text)
    turn.think(blocks.reasoning)
    turn.think(thoughts)


def _observe(draft: Draft, at: int, message: Fields) -> None:
    call, error = message.get("tool_call"), message.get("error")
    draft.observe(
        at,
        read_text(message.get("content")) or (show(error) if error else ""),
        call_id=message.get("tool_call_id"),
        tool=read_word(read_path(call, "function")),
        error=bool(error),
        arguments=_repeated(read_path(call, "args")),
    )


def split_thinking(text: str | None) -> tuple[str | None, str | None]:
    """Part a message from the first thinking block written into it."""
    if not text or _OPEN not in text:
        return text, None
    before, _, rest = text.partition(_OPEN)
    thoughts, closed, after = rest.partition(_CLOSE)
    if not closed:
        return text, None
    return (before + after).strip(), thoughts.strip()


def _repeated(arguments: object) -> JsonObject | None:
    """Return the arguments a tool message repeats, as they were called."""
    cleaned = clean(arguments)
    return cleaned if isinstance(cleaned, dict) else None


AGENTDOJO = Importer("agentdojo", recognises, each_record(read_run))
