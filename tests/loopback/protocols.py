"""What the three APIs put on the wire for one answer, whole or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"


@dataclass(frozen=True)
class Said:
    """One answer of a model, in no API's words."""

    text: str = ""
    end: str = "done"  # done, limit, filter, refusal
    refusal: str = ""
    thoughts: str = ""
    counts: bool = True
    calls: tuple[tuple[str, str], ...] = ()
    """Tools called and their arguments; a forced tool gets the text as arguments by itself."""


@dataclass(frozen=True)
class Body:
    """What is sent, in pieces that arrive one by one."""

    pieces: tuple[bytes, ...]
    kind: str = "application/json"

    @property
    def whole(self) -> bytes:
        return b"".join(self.pieces)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def rung(self) -> str:
        """Which way of asking for structured output this is."""
        choice = self.body.get("tool_choice")
        if isinstance(choice, dict):
            return "tool"
        form = self.body.get("response_format") or (self.body.get("text") or {}).get("format")
        form = form or (self.body.get("output_config") or {}).get("format")
        if not form:
            return "text"
        return "schema" if form["type"] == "json_schema" else "json"


def render(asked: Asked, said: Said) -> Body:
    """Return the proper answer of the API that was asked."""
    if asked.rung == "tool" and not said.calls and said.end == "done":
        said = Said(
            "", said.end, said.refusal, said.thoughts, said.counts, (("answer", said.text),)
        )
    shape = {CHAT: _chat, RESPONSES: _responses, MESSAGES: _messages}[asked.path]
    whole, events = shape(said)
    if not asked.stream:
        return Body((json.dumps(whole).encode(),))
    return Body(tuple(events), "text/event-stream")


def _chat(said: Said) -> tuple[dict[str, Any], Iterator[bytes]]:
    ends = {"done": "stop", "limit": "length", "filter": "content_filter", "refusal": "stop"}
    end = "tool_calls" if said.calls else ends[said.end]
    calls: list[dict[str, Any]] = [
        {"index": i, "id": f"c{i}", "type": "function", "function": {"name": n, "arguments": a}}
        for i, (n, a) in enumerate(said.calls)
    ]
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "prompt_tokens_details": {"cached_tokens": 600},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if calls:
        message["tool_calls"] = calls
    if said.refusal:
        message["refusal"] = said.refusal
    if said.thoughts:
        message["reasoning_content"] = said.thoughts
    frame = {"id": "x", "created": 1, "model": "served-1"}
    whole = {
        **frame,
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": end, "message": message}],
        **({"usage": usage} if said.counts else {}),
    }

    def events() -> Iterator[bytes]:
        def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return _data({**frame, "object": "chat.completion.chunk", "choices": [choice]})

        yield chunk({"role": "assistant"})
        if said.thoughts:
            yield chunk({"reasoning_content": said.thoughts})
        for piece in _halves(said.text):
            yield chunk({"content": piece})
        if said.refusal:
            yield chunk({"refusal": said.refusal})
        for call in calls:
            first, second = _halves(call["function"]["arguments"])
            yield chunk(
                {"tool_calls": [{**call, "function": {**call["function"], "arguments": first}}]}
            )
            more = {"index": call["index"], "function": {"arguments": second}}
            yield chunk({"tool_calls": [more]})
        yield chunk({}, end)
        if said.counts:
            last = {**frame, "object": "chat.completion.chunk", "choices": [], "usage": usage}
            yield _data(last)
        yield b"data: [DONE]\n\n"

    return whole, events()


def _responses(said: Said) -> tuple[dict[str, Any], Iterator[bytes]]:
    output: list[dict[str, Any]] = []
    if said.thoughts:
        summary = [{"type": "summary_text", "text": said.thoughts}]
        output.append({"type": "reasoning", "id": "r", "summary": summary})
    for number, (name, arguments) in enumerate(said.calls):
        call = {"type": "function_call", "id": f"f{number}", "call_id": f"c{number}"}
        output.append({**call, "name": name, "arguments": arguments, "status": "completed"})
    if said.text or said.refusal:
        part: dict[str, Any] = {"type": "output_text", "text": said.text, "annotations": []}
        if said.refusal:
            part = {"type": "refusal", "refusal": said.refusal}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
        output.append({**item, "content": [part]})
    usage = {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 600},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 30},
        "total_tokens": 1050,
    }
    cut = {"limit": "max_output_tokens", "filter": "content_filter"}.get(said.end)
    whole = {
        "id": "x",
        "object": "response",
        "created_at": 1,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": cut} if cut else None,
        "model": "served-1",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **({"usage": usage} if said.counts else {}),
    }

    def events() -> Iterator[bytes]:
        started = {**whole, "status": "in_progress", "output": []}
        yield _event({"type": "response.created", "sequence_number": 0, "response": started})
        for index, item in enumerate(output):
            event = {"type": "response.output_item.done", "sequence_number": index + 1}
            yield _event({**event, "output_index": index, "item": item})
        kind = "response.incomplete" if cut else "response.completed"
        yield _event({"type": kind, "sequence_number": 99, "response": whole})

    return whole, events()


def _messages(said: Said) -> tuple[dict[str, Any], Iterator[bytes]]:
    ends = {"done": "end_turn", "limit": "max_tokens", "filter": "refusal", "refusal": "refusal"}
    end = "refusal" if said.refusal else "tool_use" if said.calls else ends[said.end]
    content: list[dict[str, Any]] = []
    if said.thoughts:
        content.append({"type": "thinking", "thinking": said.thoughts, "signature": "s"})
    if said.text:
        content.append({"type": "text", "text": said.text})
    for number, (name, arguments) in enumerate(said.calls):
        block = {"type": "tool_use", "id": f"c{number}", "name": name}
        content.append({**block, "input": json.loads(arguments)})
    usage = {
        "input_tokens": 300,
        "cache_read_input_tokens": 600,
        "cache_creation_input_tokens": 100,
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 30},
    }
    details = {"type": "refusal", "category": None, "explanation": said.refusal}
    frame = {"id": "x", "type": "message", "role": "assistant", "model": "served-1"}
    whole = {
        **frame,
        "content": content,
        "stop_reason": end,
        "stop_sequence": None,
        "stop_details": details if said.refusal else None,
        **({"usage": usage} if said.counts else {}),
    }

    def events() -> Iterator[bytes]:
        started = {**whole, "content": [], "stop_reason": None, "stop_details": None}
        if said.counts:
            started["usage"] = {**usage, "output_tokens": 1}
        yield _event({"type": "message_start", "message": started})
        for index, block in enumerate(content):
            yield from _block(index, block)
        delta = {k: whole[k] for k in ("stop_reason", "stop_sequence", "stop_details")}
        last: dict[str, Any] = {"type": "message_delta", "delta": delta}
        if said.counts:
            last["usage"] = {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}}
        yield _event(last)
        yield _event({"type": "message_stop"})

    return whole, events()


def _block(index: int, block: dict[str, Any]) -> Iterator[bytes]:
    kind = block["type"]
    name, delta_kind = {
        "text": ("text", "text_delta"),
        "thinking": ("thinking", "thinking_delta"),
        "tool_use": ("partial_json", "input_json_delta"),
    }[kind]
    empties: dict[str, dict[str, Any]] = {
        "text": {"text": ""},
        "thinking": {"thinking": ""},
        "tool_use": {"input": {}},
    }
    text = json.dumps(block["input"]) if kind == "tool_use" else block[kind]
    start = {"type": "content_block_start", "index": index}
    start["content_block"] = {**block, **empties[kind]}
    yield _event(start)
    for piece in _halves(text):
        delta = {"type": delta_kind, name: piece}
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
    yield _event({"type": "content_block_stop", "index": index})


def _halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    return text[:middle], text[middle:]


def _data(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\n".encode() + _data(data)
