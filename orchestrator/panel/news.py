"""What endpoints and limits have to tell while auditors are called, and who pays for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.domain.event import BreakerChanged, BudgetExhausted
from orchestrator.models.spend import Spend


class News:
    """Notice breakers that changed and limits that were reached, each once.

    A breaker is read from `client.endpoint`; a client without one, or inside another, has none.
    """

    def __init__(self, auditors: Sequence[ModelAuditor], spend: Spend | None, account: str) -> None:
        self._breakers: dict[str, Any] = {}
        for auditor in auditors:
            endpoint = getattr(auditor.client, "endpoint", None)
            if breaker := getattr(endpoint, "breaker", None):
                self._breakers[f"{auditor.vendor}/{auditor.model}"] = breaker
        self._states = dict.fromkeys(self._breakers, "closed")
        self._spend = spend
        self._account = account
        self._exhausted: set[str] = set()

    def charging(self) -> AbstractContextManager[None]:
        """Charge the calls made inside to this run."""
        return self._spend.charging(self._account) if self._spend else nullcontext()

    @property
    def charged(self) -> float:
        """Return the US dollars this run was charged so far."""
        return self._spend.spent(self._account) if self._spend else 0.0

    def forget(self) -> None:
        """Close the run's account; the day keeps its sum."""
        if self._spend:
            self._spend.forget(self._account)

    def gather(self) -> list[BreakerChanged | BudgetExhausted]:
        """Return what is new since the last time."""
        found: list[BreakerChanged | BudgetExhausted] = []
        for name, breaker in self._breakers.items():
            view = breaker.view
            if view.state != self._states[name]:
                self._states[name] = view.state
                found.append(
                    BreakerChanged(endpoint=name, state=view.state, failures=view.failures)
                )
        mark = self._spend.exhausted(self._account) if self._spend else None
        if mark and mark.scope not in self._exhausted:
            self._exhausted.add(mark.scope)
            found.append(
                BudgetExhausted(scope=mark.scope, spent_usd=mark.spent, limit_usd=mark.limit)
            )
        return found
