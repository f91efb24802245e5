"""Anthropic's messages API, also as others serve it."""

from __future__ import annotations

import functools
import json
from typing import Any

from orchestrator.domain.value import Value
from orchestrator.models.attempt import Attempt, Rung, Tokens, failed
from orchestrator.models.client import Message, Refusal, Request
from orchestrator.models.events import receive
from orchestrator.models.fields import count, mapping, said
from orchestrator.models.openai_chat import reading
from orchestrator.models.prompt import TOOL, explained, schema_of
from orchestrator.models.reading import one_line
from orchestrator.models.wire import Wire

ANTHROPIC_URL = "https://api.anthropic.com"


class AnthropicMessages(Wire):
    """One request of the messages API at a time."""

    ladder: tuple[Rung, ...] = ("schema", "tool", "text")

    def open(self, key: str, base_url: str | None) -> Any:
        """Return a client of the SDK that never retries."""
        return open_client(key, base_url)

    def resource(self) -> Any:
        """Return the part of the SDK's client that requests are created by."""
        return self.sdk.messages

    def body(self, request: Request, rung: Rung) -> dict[str, Any]:
        """Return the fields of the request."""
        messages = explained(request) if rung == "text" else request.messages
        system, rest = split_system(messages)
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": request.max_tokens,
            "messages": [{"role": m.role, "content": m.content} for m in rest],
            **_ask(rung, request.reply),
        }
        if system:
            body["system"] = system
        if self._extra:
            body["extra_body"] = self._extra
        return body

    async def _content(self, raw: Any) -> bytes:
        content: bytes = await raw.read()
        return content

    async def _streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        return await receive(self._open.create(**body, stream=True), JoinedMessage())

    def read(self, answer: dict[str, Any], request: Request, rung: Rung) -> Attempt:
        """Return what a whole answer comes to."""
        if answer.get("error"):
            return self._faults.by_body(answer)
        tokens = message_tokens(answer.get("usage"))
        ended = answer.get("stop_reason")
        if ended is None:
            if answer.get("streamed"):
                return failed("connection", "cut off before the end", retry=True, tokens=tokens)
            why = "no finished message in the answer"
            return failed("malformed", why, retry=True, tokens=tokens, rung="doubtful")
        if ended in ("max_tokens", "model_context_window_exceeded"):
            return failed("truncated", f"it ran into {ended}", tokens=tokens)
        if ended == "refusal":
            details = mapping(answer.get("stop_details"))
            why = said(details.get("explanation")) or said(details.get("category"))
            return Attempt(Refusal(why=one_line(why or "the model refused")), tokens)
        if ended not in ("end_turn", "stop_sequence", "tool_use"):
            why = one_line(f"finished for an unknown reason: {ended}")
            return failed("malformed", why, retry=True, tokens=tokens, rung="doubtful")
        text = _answer(answer.get("content"), rung)
        return reading(text, request, tokens, answer.get("model"))


def open_client(key: str, base_url: str | None) -> Any:
    """Return an SDK client that never retries, and goes where it is told, whatever a variable says.

    Its type is the SDK's own, which is imported only here.
    """
    import anthropic

    return anthropic.AsyncAnthropic(
        api_key=key, base_url=base_url or ANTHROPIC_URL, max_retries=0, timeout=None
    )


def split_system(messages: tuple[Message, ...]) -> tuple[list[dict[str, Any]], list[Message]]:
    """Return the system prompt as blocks, the first marked for the cache, and what follows it."""
    number = 0
    while number < len(messages) and messages[number].role == "system":
        number += 1
    blocks: list[dict[str, Any]] = [{"type": "text", "text": m.content} for m in messages[:number]]
    if blocks:
        blocks[0]["cache_control"] = {"type": "ephemeral"}
    return blocks, list(messages[number:])


def message_tokens(usage: object) -> Tokens:
    """Read the counts; what was read from and written to the cache stands beside the input."""
    counts = mapping(usage)
    plain = count(counts.get("input_tokens"))
    read = count(counts.get("cache_read_input_tokens"))
    written = count(counts.get("cache_creation_input_tokens"))
    return Tokens(
        input=None if plain is None else plain + (read or 0) + (written or 0),
        cached=read,
        written=written,
        output=count(counts.get("output_tokens")),
        reasoning=count(mapping(counts.get("output_tokens_details")).get("thinking_tokens")),
    )


@functools.lru_cache(maxsize=256)
def _ask(rung: Rung, reply: type[Value]) -> dict[str, Any]:
    if rung == "schema":
        import anthropic

        schema = anthropic.transform_schema(schema_of(reply))
        return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    if rung == "tool":
        tool = {"name": TOOL, "description": "Give the answer.", "input_schema": schema_of(reply)}
        return {"tools": [tool], "tool_choice": {"type": "tool", "name": TOOL}}
    return {}


def _answer(content: object, rung: Rung) -> str:
    """Return the text, or the one call of the tool; thoughts are left out."""
    blocks = [mapping(block) for block in content] if isinstance(content, list) else []
    if rung != "tool":
        return "".join(said(b.get("text")) for b in blocks if b.get("type") == "text")
    calls = [b for b in blocks if b.get("type") == "tool_use" and b.get("name") == TOOL]
    return json.dumps(calls[0].get("input")) if len(calls) == 1 else ""  # two answers are none


def _arguments(text: str) -> object:
    """Return the arguments of a call; what is no JSON, as when it was cut off, is none at all."""
    try:
        return json.loads(text)
    except ValueError:
        return None


class JoinedMessage:
    """The pieces of a stream, put together to what an answer in one piece looks like."""

    def __init__(self) -> None:
        self.done = False
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, list[str]] = {}
        self._usage: dict[str, Any] = {}
        self._end: dict[str, Any] = {}

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event."""
        kind = event.get("type")
        if kind == "message_start":
            self._message = dict(mapping(event.get("message")))
            # The output so far is not the output: only the end of the message says it.
            started = dict(mapping(self._message.get("usage")))
            started.pop("output_tokens", None)
            self._usage |= started
        elif kind == "content_block_start":
            self._blocks[event["index"]] = dict(mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            delta = mapping(event.get("delta"))
            piece = said(delta.get("text")) + said(delta.get("partial_json"))
            self._pieces.setdefault(event["index"], []).append(piece)
        elif kind == "message_delta":
            self._end |= mapping(event.get("delta"))
            given = mapping(event.get("usage"))
            self._usage |= {name: value for name, value in given.items() if value is not None}
        elif kind == "message_stop":
            self.done = True
        elif event.get("error"):
            self._end["error"] = event["error"]
            self.done = True

    def result(self) -> dict[str, Any]:
        """Return what a whole message would hold."""
        content = []
        for index, block in sorted(self._blocks.items()):
            joined = "".join(self._pieces.get(index, ()))
            if block.get("type") == "text":
                block["text"] = said(block.get("text")) + joined
            elif block.get("type") == "tool_use" and joined:
                block["input"] = _arguments(joined)
            content.append(block)
        return {
            "streamed": True,
            "model": self._message.get("model"),
            "usage": self._usage,
            "content": content,
            "stop_reason": self._end.get("stop_reason"),
            "stop_details": self._end.get("stop_details"),
            "error": self._end.get("error"),
        }
