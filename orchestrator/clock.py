"""The one place that reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tell the time; everything that needs it is handed one."""

    def now(self) -> datetime:
        """Return the wall-clock time, always in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for durations and deadlines."""
        ...


class SystemClock:
    """Read the machine's clocks."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the place the ban points to

    def monotonic(self) -> float:
        """Return `time.perf_counter` in seconds."""
        return time.perf_counter()


class ManualClock:
    """Stand still until moved: for tests and for runs that must be equal byte by byte."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was moved by so far."""
        return self._seconds

    def move(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds
