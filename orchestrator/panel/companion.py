"""Whoever works beside a panel without a say in what it decides."""

from __future__ import annotations

from typing import Protocol

from orchestrator.auditors.model.case import Case


class Companion(Protocol):
    """Is told of a turn as its auditors are about to be called; returns at once."""

    def beside(self, case: Case, deadline_s: float) -> None:
        """Take note of `case`, whose auditors have `deadline_s` seconds in all."""
        ...
