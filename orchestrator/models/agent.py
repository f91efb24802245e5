"""Models that act: the agent under guard, with tools of its own, asked for its next turn.

Unlike an auditor's client this raises: an agent that cannot go on is an error for whoever runs it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import anyio
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from orchestrator.clock import Clock, SystemClock
from orchestrator.config import AuditorConfig, Price
from orchestrator.domain.action import ToolSpec
from orchestrator.domain.usage import Usage
from orchestrator.errors import ConfigError, CrossauditError
from orchestrator.models import anthropic_messages, openai_chat
from orchestrator.models.attempt import Tokens
from orchestrator.models.client import Failure
from orchestrator.models.connect import find_key, read_spec, vendor_of
from orchestrator.models.conversation import (
    STOPS,
    AgentCall,
    AgentMessage,
    AgentReply,
    Stop,
    chat_call,
    chat_message,
    message_turns,
    tool_schema,
)
from orchestrator.models.faults import Faults
from orchestrator.models.fields import as_dict, first, mapping, said
from orchestrator.models.prices import cost_of, find_price
from orchestrator.models.reading import one_line

__all__ = ["AgentCall", "AgentMessage", "AgentModel", "AgentReply", "connect_agent"]


class AgentModel(Protocol):
    """A model that can act."""

    vendor: str
    model: str

    async def next_turn(
        self, messages: Sequence[AgentMessage], tools: Sequence[ToolSpec]
    ) -> AgentReply:
        """Return the next turn, or raise CrossauditError with one sentence that says why not."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


def connect_agent(
    spec: str,
    *,
    base_url: str | None = None,
    key_env: str | None = None,
    max_tokens: int = 4096,
    deadline_s: float = 120.0,
    clock: Clock | None = None,
) -> AgentModel:
    """Return the agent `openai:NAME` (chat completions) or `anthropic:NAME`."""
    entry = AuditorConfig(
        name="agent", kind="model", model=spec, base_url=base_url, key_env=key_env
    )
    api, model = read_spec(entry)
    if api not in ("openai", "anthropic"):
        raise ConfigError(f"an agent is openai:NAME or anthropic:NAME, not {spec!r}")
    kind = ChatAgent if api == "openai" else MessagesAgent
    key, vendor = find_key(entry, api), vendor_of(entry)
    price = None if base_url else find_price(vendor, model)
    line = _Line(vendor, model, key, deadline_s, price, clock or SystemClock())
    return kind(line, key, base_url, max_tokens)


class ChatAgent:
    """An agent on OpenAI's chat completions or a compatible server."""

    def __init__(self, line: _Line, key: str, base_url: str | None, max_tokens: int) -> None:
        self.vendor, self.model = line.vendor, line.model
        self._client = openai_chat.open_client(key, base_url)
        self._raw = self._client.chat.completions.with_raw_response
        limit = "max_tokens" if base_url else "max_completion_tokens"
        self._fixed: dict[str, Any] = {"model": line.model, limit: max_tokens}
        self._line = line

    async def next_turn(
        self, messages: Sequence[AgentMessage], tools: Sequence[ToolSpec]
    ) -> AgentReply:
        """Return the next turn."""
        body = {**self._fixed, "messages": [chat_message(message) for message in messages]}
        if tools:
            body["tools"] = [
                {"type": "function", "function": tool_schema(t, "parameters")} for t in tools
            ]

        async def send() -> dict[str, Any]:
            raw = await self._raw.create(**body)
            return as_dict(json.loads(raw.content))

        answer, usage = await self._line.ask(send)
        choice = first(answer.get("choices"))
        message = mapping(choice.get("message"))
        calls = message.get("tool_calls")
        return AgentReply(
            message=said(message.get("content")) or said(message.get("refusal")),
            reasoning=said(message.get("reasoning_content")) or said(message.get("reasoning")),
            calls=tuple(chat_call(mapping(c)) for c in calls or ()),
            usage=self._line.count(usage, openai_chat.chat_tokens(answer.get("usage"))),
            stop=self._line.stop(choice.get("finish_reason"), calls),
        )

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.close()


class MessagesAgent:
    """An agent on Anthropic's messages API."""

    def __init__(self, line: _Line, key: str, base_url: str | None, max_tokens: int) -> None:
        self.vendor, self.model = line.vendor, line.model
        self._client = anthropic_messages.open_client(key, base_url)
        self._raw = self._client.messages.with_raw_response
        self._fixed: dict[str, Any] = {"model": line.model, "max_tokens": max_tokens}
        self._line = line

    async def next_turn(
        self, messages: Sequence[AgentMessage], tools: Sequence[ToolSpec]
    ) -> AgentReply:
        """Return the next turn."""
        system = "\n\n".join(m.content for m in messages if m.role == "system")
        body = {**self._fixed, "messages": message_turns(messages)}
        if system:
            body["system"] = system
        if tools:
            body["tools"] = [tool_schema(tool, "input_schema") for tool in tools]

        async def send() -> dict[str, Any]:
            raw = await self._raw.create(**body)
            return as_dict(json.loads(await raw.read()))

        answer, usage = await self._line.ask(send)
        content = answer.get("content")
        blocks = [mapping(block) for block in content] if isinstance(content, list) else []
        calls = [block for block in blocks if block.get("type") == "tool_use"]
        return AgentReply(
            message="".join(said(b.get("text")) for b in blocks if b.get("type") == "text"),
            reasoning="".join(said(b.get("thinking")) for b in blocks),
            calls=tuple(
                AgentCall(id=said(c.get("id")), tool=said(c.get("name")), arguments=c.get("input"))
                for c in calls
            ),
            usage=self._line.count(usage, anthropic_messages.message_tokens(answer.get("usage"))),
            stop=self._line.stop(answer.get("stop_reason"), calls),
        )

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.close()


class _Failed(Exception):
    def __init__(self, failure: Failure, retry: bool, wait_s: float | None) -> None:
        super().__init__(failure.why)
        self.failure, self.retry, self.wait_s = failure, retry, wait_s


class _Line:
    """What both agents do about a request that fails: try again, then say it in one sentence."""

    def __init__(
        self,
        vendor: str,
        model: str,
        key: str,
        deadline_s: float,
        price: Price | None,
        clock: Clock,
    ) -> None:
        self.vendor, self.model = vendor, model
        self._faults = Faults(clock, key)
        self._deadline_s = deadline_s
        self._price = price
        self._clock = clock

    async def ask(
        self, send: Callable[[], Awaitable[dict[str, Any]]]
    ) -> tuple[dict[str, Any], Usage]:
        start = self._clock.monotonic()
        backoff = wait_random_exponential(multiplier=0.5, max=8.0)
        retrying = AsyncRetrying(
            sleep=anyio.sleep,
            retry=retry_if_exception(lambda error: isinstance(error, _Failed) and error.retry),
            wait=lambda state: getattr(_error(state), "wait_s", None) or backoff(state),
            stop=stop_after_attempt(4),
            reraise=True,
        )
        answer: dict[str, Any] = {}
        try:
            with anyio.fail_after(self._deadline_s):
                answer = await retrying(self._once, send)
        except TimeoutError:
            why = f"no answer within {self._deadline_s:g} s"
            raise CrossauditError(f"the agent {self.model} gave no next turn: {why}") from None
        except _Failed as failed:
            why = f"{failed.failure.cause} ({failed.failure.why})"
            raise CrossauditError(f"the agent {self.model} gave no next turn: {why}") from None
        attempts = int(retrying.statistics.get("attempt_number", 1))
        return answer, Usage(seconds=self._clock.monotonic() - start, attempts=attempts)

    def count(self, usage: Usage, tokens: Tokens) -> Usage:
        return usage.model_copy(
            update={
                "input_tokens": tokens.input,
                "cached_tokens": tokens.cached,
                "output_tokens": tokens.output,
                "reasoning_tokens": tokens.reasoning,
                "cost_usd": cost_of(tokens, self._price),
            }
        )

    def stop(self, ended: object, calls: object) -> Stop:
        stop = STOPS.get(said(ended))
        if stop is None:
            why = one_line(f"it ended for an unknown reason: {ended}")
            raise CrossauditError(f"the agent {self.model} gave no next turn: {why}")
        return "calls" if stop == "done" and calls else stop

    async def _once(self, send: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        try:
            answer = await send()
        except Exception as error:
            attempt = self._faults.by_exception(error, "text")
        else:
            if not answer.get("error"):
                return answer
            attempt = self._faults.by_body(answer)
        failure = attempt.answer
        assert isinstance(failure, Failure)
        raise _Failed(failure, attempt.retry, attempt.wait_s)


def _error(state: Any) -> BaseException | None:
    outcome = state.outcome
    error: BaseException | None = outcome.exception() if outcome else None
    return error
