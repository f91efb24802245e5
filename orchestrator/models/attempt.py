"""One request on the wire, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

from orchestrator.domain.usage import Usage
from orchestrator.models.client import Answer, Cause, Failure, Request

Rung: TypeAlias = Literal["schema", "json", "tool", "text"]
"""A way to ask for structured output: a strict JSON schema, JSON mode with the schema in the
prompt, a tool the model must call, or plain text that must be JSON."""


class Tokens(NamedTuple):
    """The counts one reply came with; None is "not said"."""

    input: int | None = None
    """All of the prompt, whatever part came from or went into a cache."""
    cached: int | None = None
    written: int | None = None
    """The part that went into the provider's cache."""
    output: int | None = None
    reasoning: int | None = None


_NOTHING_SAID = Tokens()


@dataclass(frozen=True)
class Attempt:
    """What one request came to."""

    answer: Answer
    """Its usage is left empty: tokens are beside it."""
    tokens: Tokens = _NOTHING_SAID
    served: bool = True
    """False where no model worked on it: refused by status, or never connected."""
    retry: bool = False
    """Whether the same request may fare better."""
    wait_s: float | None = None
    """How long the endpoint asks one to wait."""
    rung: Literal["fine", "refused", "doubtful"] = "fine"
    """What it says of the way of asking: the endpoint refuses it by name, or it may be to blame."""


class Adapter(Protocol):
    """Speaks the protocol of one API; every call is one request."""

    vendor: str
    model: str
    ladder: tuple[Rung, ...]
    """Ways to ask, the surest first."""

    async def attempt(self, request: Request, rung: Rung) -> Attempt:
        """Send the request once; never raises but for cancellation."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


def failed(
    cause: Cause,
    why: str,
    *,
    retry: bool = False,
    wait_s: float | None = None,
    tokens: Tokens = _NOTHING_SAID,
    served: bool = True,
    rung: Literal["fine", "refused", "doubtful"] = "fine",
) -> Attempt:
    """Return an attempt that gave no answer."""
    return Attempt(Failure(cause=cause, why=why), tokens, served, retry, wait_s, rung)


def usage_of(
    attempts: list[Attempt], costs: list[float | None], sent: int, seconds: float
) -> Usage:
    """Return what the attempts of one call took together.

    A request no model worked on has no tokens, so it does not make the sum unknown; one that was
    cut off or cancelled does. `sent` counts all of them, those that never returned included.
    """
    served = [attempt.tokens for attempt in attempts if attempt.served]
    known = bool(served) and sent == len(attempts)
    return Usage(
        input_tokens=_sum([tokens.input for tokens in served]) if known else None,
        cached_tokens=_sum([tokens.cached for tokens in served]) if known else None,
        output_tokens=_sum([tokens.output for tokens in served]) if known else None,
        reasoning_tokens=_sum([tokens.reasoning for tokens in served]) if known else None,
        cost_usd=_sum_money(costs) if known else None,
        seconds=seconds,
        attempts=sent,
    )


def _sum(numbers: list[int | None]) -> int | None:
    given = [number for number in numbers if number is not None]
    return sum(given) if len(given) == len(numbers) else None


def _sum_money(amounts: list[float | None]) -> float | None:
    given = [amount for amount in amounts if amount is not None]
    return sum(given) if len(given) == len(amounts) else None
