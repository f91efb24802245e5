"""The auditors that a configuration asks for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeAlias, cast

from orchestrator.auditors.auditor import Auditor
from orchestrator.config import AuditorConfig, Config, nearest
from orchestrator.errors import ConfigError

BASELINES = "baselines"
"""Folder beside the ledger's file that learned habits are kept in."""

Build: TypeAlias = Callable[..., Auditor]

_HOMES = {
    "provenance": "provenance:ProvenanceAuditor",
    "justification": "justification:JustificationAuditor",
    "oversight": "evasion:OversightAuditor",
    "baseline": "baseline:BaselineAuditor",
    "activation": "activation:ActivationAuditor",
}
"""Kind -> module below `orchestrator.auditors`, and its class."""


def build_auditors(config: Config, ledger: str | None = None) -> tuple[Auditor, ...]:
    """Return the enabled auditors in the order of the configuration.

    Habits are kept beside `ledger`, or else beside the ledger of the configuration.
    ConfigError for a setting that an auditor does not know, PolicyError for a damaged word list.
    """
    place = ledger or config.ledger.path
    return tuple(_build(entry, place) for entry in config.auditors if entry.enabled)


def _build(entry: AuditorConfig, ledger: str) -> Auditor:
    module, _, name = _HOMES[entry.kind].partition(":")
    build = cast(Build, getattr(import_module(f"orchestrator.auditors.{module}"), name))
    settings = dict(entry.settings)
    if entry.kind == "baseline":
        settings.setdefault("folder", _folder_beside(ledger))
    try:
        return build(name=entry.name, **settings)
    except TypeError:
        known = [word for word in build.__init__.__annotations__ if word not in ("name", "return")]
        wrong = next((key for key in settings if key not in known), None)
        if wrong is None:
            raise
        hint = nearest(wrong, known) if known else "; it has no settings"
        raise ConfigError(f"auditors.{entry.name}: unknown setting {wrong!r}{hint}") from None


def _folder_beside(ledger: str) -> str | None:
    """Return where habits are kept; None for a ledger that is no file, which has no folder."""
    return None if "://" in ledger else str(Path(ledger).parent / BASELINES)
