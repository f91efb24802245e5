"""The auditors that a configuration asks for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from orchestrator.auditors.auditor import Auditor
from orchestrator.config import AuditorConfig, Config, nearest
from orchestrator.errors import ConfigError

BASELINES = "baselines"
"""Folder beside the ledger's file that learned habits are kept in."""
PANEL = "panel"
"""The same for what is learned of the auditors that are models."""


class Kind(NamedTuple):
    """Where auditors of a kind are made, and what may be set."""

    home: str
    """Module below `orchestrator.auditors`, and its class."""
    settings: Mapping[str, type] = {}


_KINDS = {
    "provenance": Kind("provenance:ProvenanceAuditor"),
    "justification": Kind("justification.auditor:JustificationAuditor"),
    "oversight": Kind("evasion.auditor:OversightAuditor"),
    "baseline": Kind(
        "baseline:BaselineAuditor", {"folder": str, "min_runs": int, "min_actions": int}
    ),
    "activation": Kind("activation:ActivationAuditor", {"source": str, "path": str, "seed": int}),
}


def build_auditors(config: Config, ledger: str | None = None) -> tuple[Auditor, ...]:
    """Return the enabled auditors that need no model, in the order of the configuration.

    Habits are kept beside `ledger`, or else beside the ledger of the configuration.
    ConfigError for a setting that an auditor does not know, PolicyError for a damaged word list.
    """
    place = ledger or config.ledger.path
    return tuple(
        _build(entry, place) for entry in config.auditors if entry.enabled and entry.kind in _KINDS
    )


def _build(entry: AuditorConfig, ledger: str) -> Auditor:
    kind = _KINDS[entry.kind]
    for key, value in entry.settings.items():
        place = f"auditors.{entry.name}.settings"
        if key not in kind.settings:
            known = list(kind.settings)
            hint = nearest(key, known) if known else f"; {entry.kind} has none"
            raise ConfigError(f"{place}: unknown setting {key!r}{hint}")
        if type(value) is not kind.settings[key]:
            raise ConfigError(f"{place}.{key}: {value!r} is no {kind.settings[key].__name__}")
    settings = dict(entry.settings)
    if entry.kind == "baseline" and (folder := folder_beside(ledger, BASELINES)):
        settings.setdefault("folder", folder)
    module, _, name = kind.home.partition(":")
    build = getattr(import_module(f"orchestrator.auditors.{module}"), name)
    auditor: Auditor = build(**settings)
    auditor.name = entry.name
    return auditor


def folder_beside(ledger: str, name: str) -> str | None:
    """Return where learned state is kept; None for a ledger that is no file and has no folder."""
    return None if "://" in ledger else str(Path(ledger).parent / name)
