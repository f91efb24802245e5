"""Inspect `.eval` logs, one sample a run, read with inspect_ai (extra `crossaudit[inspect]`).

Targets, scores and metadata of a sample are not read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from orchestrator.replay.importers.conversation import Conversation
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    as_fields,
    quote,
    read_objects,
    read_tools,
    read_word,
)
from orchestrator.replay.importers.importer import Importer, RunFile, Runs
from orchestrator.replay.recording import Recording

_MEMBERS = (b"_journal/", b"samples/", b"header.json")
_STAND_INS = ("mockllm/", "testing-dummy")

T = TypeVar("T")


def recognises(head: object) -> bool:
    """Know an archive by the members it begins with."""
    return isinstance(head, bytes) and any(member in head for member in _MEMBERS)


def read(file: RunFile) -> Runs:
    """Read the samples in the order of the log's summaries, one at a time."""
    try:
        from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries
    except ImportError:
        yield file.unreadable("needs inspect_ai to be read: pip install 'crossaudit[inspect]'")
        return
    path = str(file.path)
    try:
        sizes = {member.filename: member.file_size for member in _list_members(file)}
        header = _in_thread(lambda: read_eval_log(path, header_only=True, format="eval"))
        samples = _in_thread(lambda: read_eval_log_sample_summaries(path, format="eval"))
    except Exception as error:
        yield file.unreadable(f"is not an Inspect log that can be read ({type(error).__name__})")
        return
    for number, sample in enumerate(samples):
        place = f"sample {quote(sample.id)}, epoch {sample.epoch}: "
        if sizes.get(f"samples/{sample.id}_epoch_{sample.epoch}.json", 0) > file.limit:
            why = f"is above {file.limit / 2**20:g} MiB and was skipped unread"
            yield file.unreadable(place + why, number)
            continue
        try:
            yield _read_sample(file, number, sample, header.eval.model)
        except Exception as error:
            why = str(error) if isinstance(error, Unfit) else "cannot be read"
            yield file.unreadable(f"{place}{why} ({type(error).__name__})", number)


def _list_members(file: RunFile) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(file.path) as archive:
        return archive.infolist()


def _read_sample(file: RunFile, number: int, summary: Any, model: object) -> Recording:
    from inspect_ai.log import read_eval_log_sample

    sample = _in_thread(
        lambda: read_eval_log_sample(
            str(file.path),
            summary.id,
            summary.epoch,
            resolve_attachments=True,
            format="eval",
            exclude_fields={"store"},
        )
    )
    draft = file.draft(number)
    conversation = Conversation(draft)
    for at, message in enumerate(sample.messages):
        conversation.take(at, _as_chat(message.model_dump(mode="json")))
    asked = next((event for event in sample.events if event.event == "model"), None)
    draft.model = read_word(model)
    if asked is not None:
        draft.tools = read_tools([tool.model_dump(mode="json") for tool in asked.tools])
        if draft.model is None or draft.model.startswith(_STAND_INS):
            draft.model = read_word(asked.model)
    return draft.finish()


def _as_chat(message: Fields) -> Fields:
    """Return a message as chat APIs have it; a call that did not parse stays malformed."""
    message = as_fields(message, "the message")
    calls = [
        call if not call.get("parse_error") else {**call, "arguments": [call.get("arguments")]}
        for call in read_objects(message, "tool_calls")
    ]
    return {**message, "tool_calls": calls, "name": message.get("function")}


def _in_thread(read: Callable[[], T]) -> T:
    """Call `read` where no event loop runs: inspect_ai starts one of its own."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(read).result()


INSPECT = Importer("inspect", recognises, read)
