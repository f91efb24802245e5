"""From an auditor's entry in the configuration to a client that asks its model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field, ValidationError

from orchestrator.clock import Clock, SystemClock
from orchestrator.config import AuditorConfig, Section, nearest
from orchestrator.errors import ConfigError
from orchestrator.models.breaker import Breaker
from orchestrator.models.client import ModelClient
from orchestrator.models.ladder import Ladder
from orchestrator.models.scripted import SCRIPTS, ScriptedClient
from orchestrator.models.spend import Spend
from orchestrator.models.throttle import Throttle

Api: TypeAlias = Literal["openai", "openai-responses", "anthropic", "scripted"]
_VENDOR = {"openai": "openai", "openai-responses": "openai", "anthropic": "anthropic"}
_KEY = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_NO_KEY = "none"
"""What is sent to a `base_url` that asks for no key."""


class EndpointSettings(Section):
    """How one model at one place is called: `settings.endpoint` of an auditor's entry."""

    stream: bool = False
    """Streaming shows a cut connection sooner; the answer is the same."""
    attempts: int = Field(4, ge=1)
    """Most requests of one call."""
    concurrency: int = Field(32, ge=1)
    """Most calls at once."""
    per_minute: float | None = Field(None, gt=0.0)
    """Most calls a minute, evenly spread; None is no limit."""
    breaker_after: int = Field(5, ge=1)
    """Calls that fail in a row before the endpoint is left alone."""
    breaker_s: float = Field(30.0, gt=0.0)
    """How long it is left alone before one call tries again."""
    limit_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    """Name of the token limit in chat completions; None is OpenAI's own name for OpenAI, else
    `max_tokens`."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the request, e.g. `reasoning_effort`."""


class Endpoints:
    """The breakers, limits and remembered abilities of models, one set for each model at a place.

    Hand the same one to every `connect` of a guard; the settings of the first entry that names a
    model hold for all.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None, str], Any] = {}

    def at(
        self,
        api: str,
        base_url: str | None,
        model: str,
        ladder: Ladder,
        settings: EndpointSettings,
        clock: Clock,
    ) -> Any:
        """Return the shared state of a model, made at the first question for it."""
        from orchestrator.models.caller import Endpoint

        if (known := self._known.get((api, base_url, model))) is not None:
            return known
        made = Endpoint(
            Breaker(clock, settings.breaker_after, settings.breaker_s),
            Throttle(clock, settings.concurrency, settings.per_minute),
            ladder,
        )
        self._known[api, base_url, model] = made
        return made


def connect(
    entry: AuditorConfig,
    spend: Spend | None = None,
    clock: Clock | None = None,
    endpoints: Endpoints | None = None,
) -> ModelClient:
    """Return a client for `entry.model`; a key that is missing or a word unknown is a ConfigError.

    Nothing is sent. The SDK is loaded here, so that no call pays for it out of its deadline.
    """
    clock = clock or SystemClock()
    api, model = read_spec(entry)
    if api == "scripted":
        return _scripted(entry, model, clock)
    settings = endpoint_settings(entry)
    key = find_key(entry, api)
    vendor = vendor_of(entry)
    from orchestrator.models.caller import Caller
    from orchestrator.models.prices import find_price

    adapter = open_adapter(api, model, vendor, key, entry.base_url, settings, clock)
    shared = (endpoints or Endpoints()).at(
        api, entry.base_url, model, Ladder(adapter.ladder), settings, clock
    )
    listed = None if entry.base_url else find_price(vendor, model)
    return Caller(
        adapter,
        shared,
        spend=spend or Spend(clock=clock),
        price=entry.price or listed,
        clock=clock,
        attempts=settings.attempts,
    )


def read_spec(entry: AuditorConfig) -> tuple[Api, str]:
    """Return the API and the name that `entry.model` is made of."""
    spec = entry.model or ""
    api, colon, name = spec.partition(":")
    known = ["openai", "openai-responses", "anthropic", "scripted"]
    if not colon or not name:
        raise ConfigError(
            f"auditor {entry.name!r}: model {spec!r} is no API:NAME; write e.g. 'openai:NAME', "
            f"where API is one of {', '.join(known)}"
        )
    if api not in known:
        raise ConfigError(f"auditor {entry.name!r}: no API {api!r}{nearest(api, known)}")
    return api, name  # type: ignore[return-value]


def vendor_of(entry: AuditorConfig) -> str:
    """Return who made the model: as declared, or the API's own vendor, or `unknown`."""
    api, _ = read_spec(entry)
    if entry.vendor:
        return entry.vendor
    return "unknown" if entry.base_url or api == "scripted" else _VENDOR[api]


def find_key(entry: AuditorConfig, api: Api) -> str:
    """Return the key from the environment; an endpoint of one's own may do without."""
    if entry.base_url and not entry.key_env:
        return _NO_KEY
    name = entry.key_env or _KEY[_VENDOR[api]]
    key = os.environ.get(name, "").strip()
    if not key:
        raise ConfigError(
            f"auditor {entry.name!r}: no key for {entry.model}; set the environment variable "
            f"{name}, or name another one with `key_env`"
        )
    return key


def endpoint_settings(entry: AuditorConfig) -> EndpointSettings:
    """Return `settings.endpoint` of an entry, checked."""
    given = entry.settings.get("endpoint", {})
    try:
        return EndpointSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        hint = first["msg"]
        if first["type"] == "extra_forbidden":
            hint = f"unknown{nearest(name, list(EndpointSettings.model_fields))}"
        place = f"settings.endpoint.{name}" if name else "settings.endpoint"
        raise ConfigError(f"auditor {entry.name!r}: {place}: {hint}") from None


def _scripted(entry: AuditorConfig, name: str, clock: Clock) -> ModelClient:
    script = SCRIPTS.get(name)
    if script is None:
        hint = nearest(name, sorted(SCRIPTS)) if SCRIPTS else "; there are none"
        raise ConfigError(f"auditor {entry.name!r}: no script {name!r}{hint}")
    return ScriptedClient(vendor_of(entry), name, script, clock=clock)


def open_adapter(
    api: Api,
    model: str,
    vendor: str,
    key: str,
    base_url: str | None,
    settings: EndpointSettings,
    clock: Clock,
) -> Any:
    """Return the adapter of an API; this loads its SDK."""
    common: Mapping[str, Any] = {
        "vendor": vendor,
        "key": key,
        "clock": clock,
        "base_url": base_url,
        "stream": settings.stream,
        "extra": settings.extra,
    }
    if api == "anthropic":
        from orchestrator.models.anthropic_messages import AnthropicMessages

        return AnthropicMessages(model, **common)
    if api == "openai-responses":
        from orchestrator.models.openai_responses import OpenAIResponses

        return OpenAIResponses(model, **common)
    from orchestrator.models.openai_chat import OpenAIChat

    return OpenAIChat(model, limit_field=settings.limit_field, **common)
