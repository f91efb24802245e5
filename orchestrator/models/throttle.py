"""How many calls an endpoint gets at once, and how many a minute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from orchestrator.clock import Clock


class Throttle:
    """Let at most `concurrency` calls run at once and start `per_minute`, evenly spread."""

    def __init__(self, clock: Clock, concurrency: int, per_minute: float | None = None) -> None:
        self._clock = clock
        self._slots = anyio.Semaphore(concurrency)
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self.waiting = 0
        """Calls that wait for their turn."""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a free place and for the minute's rate; the place is given back at the end."""
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        try:
            await self._keep_rate()
            yield
        finally:
            self._slots.release()

    async def _keep_rate(self) -> None:
        if not self._gap_s:
            return
        now = self._clock.monotonic()
        start = max(now, self._next)
        self._next = start + self._gap_s
        if start > now:
            await anyio.sleep(start - now)
