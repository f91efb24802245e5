"""OpenAI conversations: `{messages, tools}` a record, Responses `{input, output}`, bare items."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.replay.importers.conversation import Conversation
from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    name_model,
    read_objects,
    read_tools,
    read_word,
)
from orchestrator.replay.importers.importer import (
    Importer,
    RunFile,
    Runs,
    each_record,
    whole_file,
)
from orchestrator.replay.importers.records import Record

_LISTS = ("messages", "items", "input", "output")
_ITEMS = ("message", "reasoning")


def recognises(record: object) -> bool:
    """Know a record that holds messages or items, or one of them."""
    if not isinstance(record, dict):
        return False
    return _holds_messages(record) or _is_message(record)


def read(file: RunFile) -> Runs:
    """Read one run a record, or one run a file where the records are messages themselves."""
    first = next((r.data for r in file.records() if isinstance(r, Record)), None)
    if isinstance(first, dict) and _is_message(first) and not _holds_messages(first):
        return _read_messages(file)
    return _read_records(file)


def read_run(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read a record of messages or of items."""
    if not _holds_messages(record):
        raise Unfit(f"has none of the lists {', '.join(_LISTS)}")
    draft = file.draft(number)
    draft.model = name_model(record.get("provider"), record.get("model"))
    draft.tools = read_tools(record.get("tools"))
    conversation = Conversation(draft)
    at = 0
    for key in _LISTS:
        if isinstance(said := record.get(key), str):
            draft.hear(at, read_word(said))
            at += 1
            continue
        for message in read_objects(record, key):
            conversation.take(at, message)
            at += 1
    yield draft


def _holds_messages(record: Fields) -> bool:
    if any(isinstance(record.get(key), str) for key in ("messages", "items")):
        return False
    held = [record[key] for key in _LISTS if isinstance(record.get(key), list)]
    return any(_is_message(item) for found in held for item in found[:1]) or (
        "messages" in record and held == [[]]
    )


def _is_message(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    role, kind = item.get("role"), item.get("type")
    if isinstance(role, str):
        return bool({"content", "tool_calls", "function_call"} & item.keys())
    return isinstance(kind, str) and (kind in _ITEMS or kind.endswith(("_call", "_call_output")))


_read_messages = whole_file(Conversation, recognises, "agent")
_read_records = each_record(read_run)

OPENAI = Importer("openai", recognises, read)
