"""OpenAI's responses API; nothing is stored with the provider."""

from __future__ import annotations

import functools
from typing import Any

from orchestrator.domain.value import Value
from orchestrator.models.attempt import Attempt, Rung, Tokens, failed
from orchestrator.models.client import Refusal, Request
from orchestrator.models.events import receive
from orchestrator.models.fields import as_dict, count, mapping, said
from orchestrator.models.openai_chat import open_client, reading, strict_schema
from orchestrator.models.prompt import TOOL, cache_key, explained, schema_of
from orchestrator.models.reading import one_line
from orchestrator.models.wire import Wire

_LAST = ("response.completed", "response.incomplete", "response.failed")


class OpenAIResponses(Wire):
    """One request of the responses API at a time."""

    ladder: tuple[Rung, ...] = ("schema", "json", "tool", "text")

    def open(self, key: str, base_url: str | None) -> Any:
        """Return a client of the SDK that never retries."""
        return open_client(key, base_url)

    def resource(self) -> Any:
        """Return the part of the SDK's client that requests are created by."""
        return self.sdk.responses

    def body(self, request: Request, rung: Rung) -> dict[str, Any]:
        """Return the fields of the request."""
        messages = request.messages if rung in ("schema", "tool") else explained(request)
        body: dict[str, Any] = {
            "model": self.model,
            "input": [{"role": m.role, "content": m.content} for m in messages],
            "max_output_tokens": request.max_tokens,
            "store": False,
            **_ask(rung, request.reply),
        }
        if self._own:
            body["prompt_cache_key"] = cache_key(request.messages[0].content)
        if self._extra:
            body["extra_body"] = self._extra
        return body

    async def _streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        return await receive(self._open.create(**body, stream=True), _Joined())

    def read(self, answer: dict[str, Any], request: Request, rung: Rung) -> Attempt:
        """Return what a whole answer comes to."""
        tokens = _tokens(answer.get("usage"))
        status = answer.get("status")
        if status == "cut":
            return failed("connection", "cut off before the end", retry=True)
        if answer.get("error"):
            return self._faults.by_body(answer)
        if status == "failed":
            return failed("server error", "the endpoint says it failed", retry=True, tokens=tokens)
        if status == "incomplete":
            return _incomplete(answer, tokens)
        if status != "completed":
            why = one_line(f"no finished answer (status {status})")
            return failed("malformed", why, retry=True, tokens=tokens, rung="doubtful")
        texts, refusals, calls = _parts(answer.get("output"))
        if refusals:
            return Attempt(Refusal(why=one_line(" ".join(refusals))), tokens)
        wanted = calls[:1] if len(calls) == 1 else []  # two answers are none
        text = "".join(wanted if rung == "tool" else texts)
        return reading(text, request, tokens, answer.get("model"))


@functools.lru_cache(maxsize=256)
def _ask(rung: Rung, reply: type[Value]) -> dict[str, Any]:
    if rung == "schema":
        schema = strict_schema(reply)
        form = {"type": "json_schema", "name": reply.__name__, "strict": True, "schema": schema}
        return {"text": {"format": form}}
    if rung == "json":
        return {"text": {"format": {"type": "json_object"}}}
    if rung == "tool":
        tool = {"type": "function", "name": TOOL, "parameters": schema_of(reply), "strict": False}
        return {"tools": [tool], "tool_choice": {"type": "function", "name": TOOL}}
    return {}


def _tokens(usage: object) -> Tokens:
    counts = mapping(usage)
    prompt = mapping(counts.get("input_tokens_details"))
    return Tokens(
        input=count(counts.get("input_tokens")),
        cached=count(prompt.get("cached_tokens")),
        written=count(prompt.get("cache_write_tokens")),
        output=count(counts.get("output_tokens")),
        reasoning=count(mapping(counts.get("output_tokens_details")).get("reasoning_tokens")),
    )


def _incomplete(answer: dict[str, Any], tokens: Tokens) -> Attempt:
    reason = mapping(answer.get("incomplete_details")).get("reason")
    if reason == "content_filter":
        return failed("filtered", "the content filter ended it", tokens=tokens)
    if reason in ("max_output_tokens", None):
        return failed("truncated", "it ended before the answer was complete", tokens=tokens)
    why = one_line(f"incomplete for an unknown reason: {reason}")
    return failed("malformed", why, retry=True, tokens=tokens, rung="doubtful")


def _parts(output: object) -> tuple[list[str], list[str], list[str]]:
    """Return what was said, refused and called; reasoning is left out."""
    texts: list[str] = []
    refusals: list[str] = []
    calls: list[str] = []
    for item in output if isinstance(output, list) else ():
        kind = mapping(item).get("type")
        if kind == "function_call" and item.get("name") == TOOL:
            calls.append(said(item.get("arguments")))
        elif kind == "message":
            content = item.get("content")
            for part in content if isinstance(content, list) else ():
                texts.append(said(mapping(part).get("text")))
                refusals.append(said(mapping(part).get("refusal")))
    return texts, [refusal for refusal in refusals if refusal], calls


class _Joined:
    """The last event of a stream, which holds the whole answer."""

    def __init__(self) -> None:
        self.done = False
        self._answer: dict[str, Any] = {"status": "cut"}

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event."""
        if event.get("type") in _LAST:
            self._answer = as_dict(event.get("response"))
            self.done = True
        elif event.get("type") == "error" or event.get("error"):
            self._answer = {"error": event.get("error") or event}
            self.done = True

    def result(self) -> dict[str, Any]:
        """Return the answer, or that it was cut off."""
        return self._answer
