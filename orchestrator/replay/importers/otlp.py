"""OTLP JSON: `resourceSpans` with spans of the generative AI conventions, one trace a run.

Model spans give turns (`gen_ai.output.messages`), tool spans results and, where the model span
kept no content, the call itself. Spans are taken in the order they started.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from orchestrator.domain.value import MAX_DEPTH
from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    as_fields,
    name_model,
    quote,
    read_objects,
    read_path,
    read_text,
    read_word,
    show,
)
from orchestrator.replay.importers.importer import RUN_LIMITS, Importer, RunFile, Runs, say_unfit
from orchestrator.replay.importers.records import Broken, Record

_MODEL = {"chat", "generate_content", "text_completion"}
_ERROR = (2, "2", "STATUS_CODE_ERROR")


def recognises(record: object) -> bool:
    """Know an export of spans."""
    return isinstance(record, dict) and isinstance(record.get("resourceSpans"), list)


def read(file: RunFile) -> Runs:
    """Read the traces of a file, in the order in which they first appear."""
    traces: dict[str, list[_Span]] = {}
    room = RUN_LIMITS * file.limit
    for record in file.records():
        if isinstance(record, Broken):
            yield file.unreadable(record.why, record.number)
            continue
        room -= record.size
        if room < 0:
            why = f"{record.place}the file goes on above the limit and was not read further"
            yield file.unreadable(why, record.number)
            break
        try:
            for trace, span in _read_spans(record):
                traces.setdefault(trace, []).append(span)
        except Exception as error:
            yield file.unreadable(record.place + say_unfit(error), record.number)
    yield from _read_traces(file, traces)


def _read_traces(file: RunFile, traces: dict[str, list[_Span]]) -> Runs:
    told = False
    for number, (name, spans) in enumerate(traces.items()):
        draft = file.draft(number)
        try:
            _read_trace(draft, sorted(spans, key=lambda span: span.start))
        except Exception as error:
            yield file.unreadable(f"trace {quote(name)}: {say_unfit(error)}", number)
            continue
        if draft.changes:
            told = True
            yield draft.finish()
    if not told:
        yield file.unreadable("holds no span with the content of a model or tool call")


class _Span(NamedTuple):
    start: int
    attributes: Fields
    failed: bool


def _read_spans(record: Record) -> list[tuple[str, _Span]]:
    fields = as_fields(record.data, "the record")
    return [
        (show(span.get("traceId")), _Span(_read_time(span), _read_attributes(span), _failed(span)))
        for resource in read_objects(fields, "resourceSpans")
        for scope in read_objects(resource, "scopeSpans")
        for span in read_objects(scope, "spans")
    ]


def _read_trace(draft: Draft, spans: list[_Span]) -> None:
    heard: set[str] = set()
    asked: set[str] = set()
    for at, span in enumerate(spans):
        operation = read_word(span.attributes.get("gen_ai.operation.name"))
        if operation in _MODEL:
            _take_answer(draft, at, span.attributes, heard, asked)
        elif operation == "execute_tool":
            _take_tool(draft, at, span, asked)
        elif name := read_word(span.attributes.get("gen_ai.agent.name")):
            draft.agent = name


def _take_answer(
    draft: Draft, at: int, attributes: Fields, heard: set[str], asked: set[str]
) -> None:
    vendor = attributes.get("gen_ai.provider.name", attributes.get("gen_ai.system"))
    model = attributes.get("gen_ai.response.model", attributes.get("gen_ai.request.model"))
    draft.model = draft.model or name_model(vendor, model)
    for message in _read_messages(attributes, "gen_ai.input.messages"):
        text = _read_parts(message, "text")
        if message.get("role") == "user" and text and text not in heard:
            heard.add(text)
            draft.hear(at, text)
    for message in _read_messages(attributes, "gen_ai.output.messages"):
        turn = draft.open_turn(at)
        turn.say(_read_parts(message, "text"))
        turn.think(_read_parts(message, "reasoning"))
        for part in read_objects(message, "parts"):
            if part.get("type") == "tool_call":
                turn.call(part)
                asked.add(show(part.get("id")))


def _take_tool(draft: Draft, at: int, span: _Span, asked: set[str]) -> None:
    attributes = span.attributes
    call_id = attributes.get("gen_ai.tool.call.id")
    name = read_word(attributes.get("gen_ai.tool.name"))
    arguments = attributes.get("gen_ai.tool.call.arguments")
    action = None
    if show(call_id) not in asked:
        call = {"id": call_id, "name": name, "arguments": arguments}
        action = draft.open_turn(at).call(call).id
    if (result := attributes.get("gen_ai.tool.call.result")) is not None or span.failed:
        content = "" if result is None else show(result)
        draft.observe(at, content, call_id=call_id, action=action, tool=name, error=span.failed)


def _read_messages(attributes: Fields, key: str) -> list[Fields]:
    raw = attributes.get(key)
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            raise Unfit(f"{key} is not valid JSON") from None
    return read_objects({key: raw}, key)


def _read_parts(message: Fields, kind: str) -> str | None:
    parts = [part for part in read_objects(message, "parts") if part.get("type") == kind]
    texts = [text for part in parts if (text := read_text(part.get("content"))) is not None]
    return "\n".join(texts) if texts else None


def _read_attributes(span: Fields) -> Fields:
    return {
        show(pair.get("key")): _read_value(pair.get("value"))
        for pair in read_objects(span, "attributes")
    }


def _read_value(value: object, depth: int = 0) -> object:
    """Return the plain value of an OTLP `AnyValue`."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return None
    if isinstance(items := read_path(value, "arrayValue", "values"), list):
        return [_read_value(item, depth + 1) for item in items]
    if isinstance(pairs := read_path(value, "kvlistValue", "values"), list):
        return {
            show(read_path(pair, "key")): _read_value(read_path(pair, "value"), depth + 1)
            for pair in pairs
        }
    plain = next((v for v in value.values() if isinstance(v, (str, int, float, bool))), None)
    return _read_number(plain) if "intValue" in value else plain


def _read_time(span: Fields) -> int:
    start = _read_number(span.get("startTimeUnixNano"))
    return start if isinstance(start, int) else 0


def _read_number(raw: object) -> object:
    """Return a 64-bit number, which JSON holds as text."""
    digits = raw.removeprefix("-") if isinstance(raw, str) else ""
    return int(str(raw)) if digits.isascii() and digits.isdecimal() and len(digits) < 30 else raw


def _failed(span: Fields) -> bool:
    return read_path(span, "status", "code") in _ERROR


OTLP = Importer("otlp", recognises, read)
