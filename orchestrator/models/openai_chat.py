"""OpenAI's chat completions, as OpenAI, vLLM, Ollama, llama.cpp and many others serve them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal

from orchestrator.domain.value import Value
from orchestrator.models.attempt import Attempt, Rung, Tokens, failed
from orchestrator.models.client import Refusal, Reply, Request
from orchestrator.models.events import receive
from orchestrator.models.fields import count, first, mapping, said
from orchestrator.models.prompt import TOOL, cache_key, explained, schema_of
from orchestrator.models.reading import Unreadable, one_line, read_text
from orchestrator.models.wire import Wire

_DEEP = ("messages", "response_format", "tools", "tool_choice")
OPENAI_URL = "https://api.openai.com/v1"


class OpenAIChat(Wire):
    """One request of the chat completions API at a time."""

    ladder: tuple[Rung, ...] = ("schema", "json", "tool", "text")

    def __init__(
        self,
        model: str,
        *,
        limit_field: Literal["max_tokens", "max_completion_tokens"] | None = None,
        **common: Any,
    ) -> None:
        """Take what every adapter takes, and the name of the token limit where it is unusual."""
        super().__init__(model, **common)
        self._limit = limit_field or ("max_completion_tokens" if self._own else "max_tokens")

    def open(self, key: str, base_url: str | None) -> Any:
        """Return a client of the SDK that never retries."""
        return open_client(key, base_url)

    def resource(self) -> Any:
        """Return the part of the SDK's client that requests are created by."""
        return self.sdk.chat.completions

    def body(self, request: Request, rung: Rung) -> dict[str, Any]:
        """Return the fields of the request."""
        messages = request.messages if rung in ("schema", "tool") else explained(request)
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            self._limit: request.max_tokens,
            **_ask(rung, request.reply),
        }
        if self._own:
            body["prompt_cache_key"] = cache_key(request.messages[0].content)
        if self._extra:
            body["extra_body"] = {**body.get("extra_body", {}), **self._extra}
        return body

    def fields(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments the SDK is called with."""
        return _as_it_is(body)

    async def _streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        options = {"include_usage": True}
        opening = self._open.create(**self.fields(body), stream=True, stream_options=options)
        return await receive(opening, JoinedChat())

    def read(self, answer: dict[str, Any], request: Request, rung: Rung) -> Attempt:
        """Return what a whole answer comes to."""
        if answer.get("error"):
            return self._faults.by_body(answer)
        tokens = chat_tokens(answer.get("usage"))
        choice = first(answer.get("choices"))
        message = mapping(choice.get("message"))
        ended = choice.get("finish_reason")
        if ended is None:
            if answer.get("streamed"):
                return failed("connection", "cut off before the end", retry=True, tokens=tokens)
            why = "no finished choice in the answer"
            return failed("malformed", why, retry=True, tokens=tokens, rung="doubtful")
        if ended == "length":
            return failed("truncated", "it ran into max_tokens", tokens=tokens)
        if ended == "content_filter":
            return failed("filtered", "the content filter ended it", tokens=tokens)
        if refusal := said(message.get("refusal")):
            return Attempt(Refusal(why=one_line(refusal)), tokens)
        if ended not in ("stop", "tool_calls", "function_call"):
            why = one_line(f"finished for an unknown reason: {ended}")
            return failed("malformed", why, retry=True, tokens=tokens, rung="doubtful")
        text = _called(message) if rung == "tool" else said(message.get("content"))
        return reading(text, request, tokens, answer.get("model"))


def open_client(key: str, base_url: str | None) -> Any:
    """Return an SDK client that never retries, and goes where it is told, whatever a variable says.

    Its type is the SDK's own, which is imported only here.
    """
    import openai

    return openai.AsyncOpenAI(
        api_key=key, base_url=base_url or OPENAI_URL, max_retries=0, timeout=None
    )


def strict_schema(reply: type[Value]) -> dict[str, Any]:
    """Return the schema as OpenAI's strict mode wants it: all fields required, no others."""
    import openai

    function: Any = openai.pydantic_function_tool(reply)["function"]
    parameters: dict[str, Any] = function["parameters"]
    return parameters


def reading(text: str, request: Request, tokens: Tokens, served_by: object) -> Attempt:
    """Return the reply that the text of a finished answer is, or that it is none."""
    try:
        data = read_text(text, request.reply)
    except Unreadable as error:
        return failed("malformed", str(error), retry=True, tokens=tokens, rung="doubtful")
    return Attempt(Reply(data=data, served_by=one_line(said(served_by))), tokens)


def chat_tokens(usage: object) -> Tokens:
    """Read the counts; cached tokens are part of the prompt's already."""
    counts = mapping(usage)
    prompt = mapping(counts.get("prompt_tokens_details"))
    completion = mapping(counts.get("completion_tokens_details"))
    return Tokens(
        input=count(counts.get("prompt_tokens")),
        cached=count(prompt.get("cached_tokens")),
        written=count(prompt.get("cache_write_tokens")),
        output=count(counts.get("completion_tokens")),
        reasoning=count(completion.get("reasoning_tokens")),
    )


@functools.lru_cache(maxsize=256)
def _ask(rung: Rung, reply: type[Value]) -> dict[str, Any]:
    if rung == "schema":
        schema = {"name": reply.__name__, "strict": True, "schema": strict_schema(reply)}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    if rung == "json":
        return {"response_format": {"type": "json_object", "schema": schema_of(reply)}}
    if rung == "tool":
        function = {"name": TOOL, "parameters": schema_of(reply)}
        choice = {"type": "function", "function": {"name": TOOL}}
        return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
    return {}


def _as_it_is(body: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by which the SDK sends the same fields without a walk through the deep ones.

    They are JSON already; looking for what to convert in them takes it a quarter of the whole call.
    """
    deep = {name: body[name] for name in _DEEP if name in body}
    flat = {name: value for name, value in body.items() if name not in deep}
    return {**flat, "messages": [], "extra_body": {**deep, **body.get("extra_body", {})}}


def _called(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls")
    if isinstance(calls, list) and len(calls) > 1:
        return ""  # two answers are none
    function = mapping(first(calls).get("function"))
    return said(function.get("arguments")) if function.get("name") in (TOOL, None) else ""


class JoinedChat:
    """The pieces of a stream, put together to what an answer in one piece looks like."""

    def __init__(self) -> None:
        self.done = False  # the counts come after the last piece
        self._parts: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._ended: object = None
        self._usage: object = None
        self._model: object = None
        self._error: object = None

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event."""
        self._model = event.get("model") or self._model
        self._usage = event.get("usage") or self._usage
        self._error = event.get("error") or self._error
        choice = first(event.get("choices"))
        self._ended = choice.get("finish_reason") or self._ended
        delta = mapping(choice.get("delta"))
        self._parts.append(said(delta.get("content")))
        self._refusal.append(said(delta.get("refusal")))
        for piece in delta.get("tool_calls") or ():
            function = mapping(piece.get("function"))
            call = self._calls.setdefault(piece["index"], {"id": "", "name": "", "arguments": ""})
            call["id"] = said(piece.get("id")) or call["id"]
            call["name"] = said(function.get("name")) or call["name"]
            call["arguments"] += said(function.get("arguments"))

    def result(self) -> dict[str, Any]:
        """Return what a whole completion would hold."""
        calls = [
            {"id": call["id"], "function": {"name": call["name"], "arguments": call["arguments"]}}
            for _, call in sorted(self._calls.items())
        ]
        message = {
            "content": "".join(self._parts),
            "refusal": "".join(self._refusal),
            "tool_calls": calls,
        }
        return {
            "streamed": True,
            "error": self._error,
            "model": self._model,
            "usage": self._usage,
            "choices": [{"finish_reason": self._ended, "message": message}],
        }
