"""What calls to models may cost: one account for all callers of a guard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Literal

from orchestrator.clock import Clock, SystemClock
from orchestrator.config import Budget
from orchestrator.domain.value import Value

_RUN: ContextVar[str] = ContextVar("run that is charged", default="")


class Exhausted(Value):
    """A limit that was reached; from here on no model is asked on its account."""

    scope: Literal["run", "day"]
    spent: float
    """US dollars, calls that are still under way included."""
    limit: float


@dataclass(frozen=True)
class Hold:
    """Money set aside for a call that is under way."""

    run: str
    day: date
    amount: float


class Spend:
    """Count what calls cost, by run and by day (UTC), and refuse what a limit does not allow.

    A call is let through while what was spent and what is set aside for calls under way lies below
    each limit, so parallel calls pass it by at most what each takes beyond its own hold. A call
    belongs to the run in whose `charging` block it is made.
    """

    def __init__(
        self, budget: Budget | None = None, clock: Clock | None = None, today: float = 0.0
    ) -> None:
        """Start the day with `today` dollars spent already, as whoever keeps the total says."""
        self.budget = budget or Budget()
        self._clock = clock or SystemClock()
        self._day = self._date()
        self._today = today
        self._runs: dict[str, float] = {}
        self._held: dict[int, Hold] = {}
        self._exhausted: dict[str, Exhausted] = {}

    @contextmanager
    def charging(self, run: str) -> Iterator[None]:
        """Charge the calls made inside, also by tasks that start there, to a run."""
        token = _RUN.set(run)
        try:
            yield
        finally:
            _RUN.reset(token)

    @property
    def today(self) -> float:
        """Return the US dollars spent since midnight UTC, without calls under way."""
        self._turn_page()
        return self._today

    def start_day(self, today: float) -> None:
        """Take over what other runs of today were charged, as whoever keeps the total says."""
        self._turn_page()
        self._today = max(self._today, today)

    def spent(self, run: str = "") -> float:
        """Return the US dollars a run spent, without calls under way."""
        return self._runs.get(run, 0.0)

    def exhausted(self, run: str = "") -> Exhausted | None:
        """Return the limit that stopped a call of this run, if one did and still stands."""
        self._turn_page()
        return self._exhausted.get(run)

    def forget(self, run: str) -> None:
        """Drop the account of a run that ended; the day keeps its sum."""
        self._runs.pop(run, None)
        self._exhausted.pop(run, None)

    def reserve(self, expected: float | None) -> Hold | Exhausted:
        """Set aside what a call is expected to cost, or name the limit that forbids it."""
        self._turn_page()
        run = _RUN.get()
        mark = self._reached(run)
        if mark:
            self._exhausted[run] = mark
            return mark
        amount = self.budget.assumed_usd if expected is None else expected
        hold = Hold(run, self._day, amount)
        self._held[id(hold)] = hold
        return hold

    def settle(self, hold: Hold, cost: float) -> None:
        """Replace what was set aside by what the call is charged."""
        self._held.pop(id(hold), None)
        self._turn_page()
        self._runs[hold.run] = self.spent(hold.run) + cost
        self._today += cost

    def _reached(self, run: str) -> Exhausted | None:
        """Return the limit that is reached; where there is none, nothing is added up."""
        mark: Exhausted | None = None
        if self.budget.per_run is not None:
            in_run = self.spent(run) + self._set_aside(run=run)
            mark = _mark("run", in_run, self.budget.per_run)
        if mark is None and self.budget.per_day is not None:
            in_day = self._today + self._set_aside(day=self._day)
            mark = _mark("day", in_day, self.budget.per_day)
        return mark

    def _set_aside(self, run: str | None = None, day: date | None = None) -> float:
        return sum(
            hold.amount
            for hold in self._held.values()
            if (run is None or hold.run == run) and (day is None or hold.day == day)
        )

    def _turn_page(self) -> None:
        if (day := self._date()) != self._day:
            self._day, self._today = day, 0.0
            over = [run for run, mark in self._exhausted.items() if mark.scope == "day"]
            for run in over:
                del self._exhausted[run]

    def _date(self) -> date:
        return self._clock.now().date()


def _mark(scope: Literal["run", "day"], spent: float, limit: float) -> Exhausted | None:
    if spent < limit:
        return None
    return Exhausted(scope=scope, spent=spent, limit=limit)
