"""Make the auditors that are models, as the configuration names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.clock import Clock
from orchestrator.config import AuditorConfig, Config, nearest
from orchestrator.errors import ConfigError
from orchestrator.panel.debate import require_arbiter

if TYPE_CHECKING:
    from orchestrator.models.client import ModelClient
    from orchestrator.models.spend import Spend

Connect: TypeAlias = "Callable[[AuditorConfig], ModelClient]"
REPLIES, RECORD, ENDPOINT = "replies", "record", "endpoint"
USUAL_INPUT, USUAL_OUTPUT = 2_500, 300
"""Tokens of a usual prompt and answer: what auditors are compared by before one is called."""
_SETTINGS = [ENDPOINT, REPLIES, RECORD]


def build_members(
    config: Config, clock: Clock, spend: Spend | None = None, connect: Connect | None = None
) -> tuple[ModelAuditor, ...]:
    """Return the enabled auditors that are models; no SDK is imported where there is none.

    `connect` makes the client of an entry; without it, as the entry says: live, from the cassette
    in `settings.replies`, or live and recorded to the one in `settings.record`. ConfigError for a
    model that cannot be reached as written or a debate nobody could decide, PolicyError for a
    wrong rubric.
    """
    entries = [entry for entry in config.auditors if entry.enabled and entry.kind == "model"]
    require_arbiter(config.debate, [entry.role for entry in entries])
    if not entries:
        return ()
    make = connect or _connector(clock, spend)
    return tuple(
        ModelAuditor(
            entry.name,
            load_rubric(entry.rubric),
            make(entry),
            trust=entry.trust,
            role=entry.role,
            cost=_usual_cost(entry),
        )
        for entry in entries
    )


def _usual_cost(entry: AuditorConfig) -> float | None:
    """Return what a call of usual size costs in US dollars; None where the price is unknown."""
    from orchestrator.models.connect import read_spec, vendor_of
    from orchestrator.models.prices import find_price

    listed = None if entry.base_url else find_price(vendor_of(entry), read_spec(entry)[1])
    price = entry.price or listed
    if price is None:
        return None
    return (price.input * USUAL_INPUT + price.output * USUAL_OUTPUT) / 1_000_000


def with_cassette(
    config: Config, *, replies: str | Path | None = None, record: str | Path | None = None
) -> Config:
    """Return `config` with every model played from a cassette, or recorded to one.

    OSError where nothing can be recorded there: better now than after the answers were paid for.
    """
    if record:
        Path(record).open("ab").close()
    given = {REPLIES: replies, RECORD: record}
    update = {key: str(Path(value).resolve()) for key, value in given.items() if value}
    entries = tuple(
        entry.model_copy(update={"settings": {**entry.settings, **update}})
        if entry.kind == "model"
        else entry
        for entry in config.auditors
    )
    return config.model_copy(update={"auditors": entries})


def _connector(clock: Clock, spend: Spend | None) -> Connect:
    from orchestrator.models.cassette import Recorded, Recording
    from orchestrator.models.connect import Endpoints, connect, read_spec, vendor_of

    endpoints = Endpoints()

    def make(entry: AuditorConfig) -> ModelClient:
        for key, value in entry.settings.items():
            place = f"auditors.{entry.name}.settings"
            if key not in _SETTINGS:
                raise ConfigError(f"{place}: unknown setting {key!r}{nearest(key, _SETTINGS)}")
            if key != ENDPOINT and not isinstance(value, str):
                raise ConfigError(f"{place}.{key}: {value!r} is no path")
        if file := entry.settings.get(REPLIES):
            return Recorded(None, file, vendor=vendor_of(entry), model=read_spec(entry)[1])
        client = connect(entry, spend, clock, endpoints)
        return Recording(client, file) if (file := entry.settings.get(RECORD)) else client

    return make
