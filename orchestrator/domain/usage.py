"""What a call to a model took."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.domain.value import Value


class Usage(Value):
    """Tokens, money and time of one call, retries included; None is "not said", never zero."""

    input_tokens: int | None = None
    """All of the prompt, whatever part of it came from a cache."""
    cached_tokens: int | None = None
    """The part of `input_tokens` that the provider read from its cache."""
    output_tokens: int | None = None
    """All of the answer, hidden reasoning included."""
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    """None where tokens or price are unknown."""
    seconds: float = 0.0
    attempts: int = 0
    """Requests sent; 0 where none left this process."""


def add_usage(parts: Iterable[Usage]) -> Usage:
    """Return the sum of `parts`; what any of them does not say the sum does not say either.

    Parts that sent nothing do not make a sum unknown.
    """
    known = list(parts)
    sent = [part for part in known if part.attempts]
    return Usage(
        input_tokens=_sum([part.input_tokens for part in sent]),
        cached_tokens=_sum([part.cached_tokens for part in sent]),
        output_tokens=_sum([part.output_tokens for part in sent]),
        reasoning_tokens=_sum([part.reasoning_tokens for part in sent]),
        cost_usd=_sum_money([part.cost_usd for part in sent]),
        seconds=sum(part.seconds for part in known),
        attempts=sum(part.attempts for part in known),
    )


def _sum(numbers: list[int | None]) -> int | None:
    given = [number for number in numbers if number is not None]
    return sum(given) if len(given) == len(numbers) else None


def _sum_money(amounts: list[float | None]) -> float | None:
    given = [amount for amount in amounts if amount is not None]
    return sum(given) if len(given) == len(amounts) else None
