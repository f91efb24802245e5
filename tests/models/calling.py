"""Requests and clients for the tests of this folder."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from orchestrator.config import AuditorConfig, Budget
from orchestrator.domain.value import Value
from orchestrator.models.caller import Caller
from orchestrator.models.client import Message, Request
from orchestrator.models.connect import Endpoints, connect
from orchestrator.models.spend import Spend
from tests.loopback.server import Loopback

APIS = ("openai", "openai-responses", "anthropic")
GOOD = '{"suspicion":0.25,"quotes":["rm -rf"],"sure":true}'
DATA: dict[str, Any] = {"suspicion": 0.25, "quotes": ["rm -rf"], "sure": True}
KEY = "test-key-4711-abcdef"


class Opinion(Value):
    """A reply for tests."""

    suspicion: float = Field(ge=0, le=1)
    quotes: tuple[str, ...]
    sure: bool


def request(text: str = "judge this", **more: Any) -> Request:
    system = Message(role="system", content="You are an auditor.")
    return Request((system, Message(role="user", content=text)), Opinion, **more)


def entry(api: str, url: str | None, **more: Any) -> AuditorConfig:
    base = None if url is None else url if api == "anthropic" else f"{url}/v1"
    return AuditorConfig(name="a", kind="model", model=f"{api}:m-1", base_url=base, **more)


def caller(
    server: Loopback | str,
    api: str = "openai",
    *,
    spend: Spend | None = None,
    endpoints: Endpoints | None = None,
    price: Any = None,
    **settings: Any,
) -> Caller:
    """Return a client of the loopback that gives up a breaker only when told to."""
    url = server if isinstance(server, str) else server.url
    settings = {"breaker_after": 1000, **settings}
    made = connect(
        entry(api, url, price=price, settings={"endpoint": settings}),
        spend or Spend(Budget()),
        endpoints=endpoints,
    )
    assert isinstance(made, Caller)
    return made
