"""What models cost, as listed in `policies/prices.yaml`, and what a call came to."""

from __future__ import annotations

import functools
from importlib import resources

import re2
import yaml

from orchestrator.config import Price
from orchestrator.models.attempt import Tokens
from orchestrator.models.client import Request

_MILLION = 1_000_000
_DATED = re2.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
_BYTES_PER_TOKEN = 3


class ListPrice(Price):
    """A price that also knows what writing into the provider's cache costs."""

    written: float | None = None
    """US dollars for a million tokens; None costs as much as other input."""
    up_to: int | None = None
    """Input tokens of a prompt above which another price holds, so that the cost is unknown."""


def find_price(vendor: str, model: str) -> ListPrice | None:
    """Return the listed price of a model, with or without the date at the end of its name."""
    listed = _listed().get(vendor, {})
    return listed.get(model) or listed.get(_DATED.sub("", model))


def cost_of(tokens: Tokens, price: Price | None) -> float | None:
    """Return the US dollars, or None where tokens or price are unknown."""
    if price is None or tokens.input is None or tokens.output is None:
        return None
    if isinstance(price, ListPrice) and price.up_to is not None and tokens.input > price.up_to:
        return None
    cached, written = tokens.cached or 0, tokens.written or 0
    plain = max(tokens.input - cached - written, 0)
    cached_price = price.input if price.cached is None else price.cached
    written_price = price.written if isinstance(price, ListPrice) else None
    total = (
        plain * price.input
        + cached * cached_price
        + written * (price.input if written_price is None else written_price)
        + tokens.output * price.output
    )
    return total / _MILLION


def expected_cost(request: Request, price: Price | None) -> float | None:
    """Return what to set aside for one attempt: a rough upper bound that is never recorded."""
    if price is None:
        return None
    size = sum(len(message.content) for message in request.messages)
    total = size / _BYTES_PER_TOKEN * price.input + request.max_tokens * price.output
    return total / _MILLION


@functools.cache
def _listed() -> dict[str, dict[str, ListPrice]]:
    text = (resources.files("policies") / "prices.yaml").read_text("utf-8")
    vendors = yaml.safe_load(text)["usd_per_million_tokens"]
    return {
        vendor: {name: ListPrice.model_validate(price) for name, price in models.items()}
        for vendor, models in vendors.items()
    }
