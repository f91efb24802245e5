"""Keep the collusion graph while somebody looks at it, in a thread, never more than it is worth."""

from __future__ import annotations

import asyncio  # noqa: TID251 - Textual runs on nothing else
from collections.abc import Callable
from typing import cast

from orchestrator.clock import Clock
from orchestrator.errors import CrossauditError
from orchestrator.replay.feed import Feed
from orchestrator.replay.graph import Behind, Choice, Graph
from orchestrator.replay.graph_feed import GraphReader
from tui.widgets.sheet import Goal

SLICE_SECONDS = 0.2
"""A look reads for so long; then the keys have a turn."""
LIVE_SECONDS = 1.0
RECORDED_SECONDS = 0.25
"""How soon the graph follows another event of a recording."""
IDLE = 10
"""For every second a look took, so many pass before the next."""


class CollusionWatch:
    """The graph of a feed; nothing is read before it is wanted."""

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        where: Callable[[], tuple[str, int | None]],
        on_change: Callable[[], None],
    ) -> None:
        """`where` tells the run that is open, and the event if it is not the last."""
        self.graph: Graph | None = None
        self.problem = ""
        self._feed = feed
        self._reader: GraphReader | None = None
        self._clock = clock
        self._where = where
        self._on_change = on_change
        self._wanted = asyncio.Event()

    def want(self, is_wanted: bool) -> None:
        """Say whether anybody looks."""
        if is_wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                await self._wanted.wait()
                started = self._clock.monotonic()
                await self._look()
                if self.graph is None or self.graph.is_whole:
                    pause = LIVE_SECONDS if self._feed.is_live else RECORDED_SECONDS
                    took = self._clock.monotonic() - started
                    await asyncio.sleep(max(pause, IDLE * took))
                else:
                    await asyncio.sleep(SLICE_SECONDS / IDLE)
        finally:
            if self._reader:
                self._reader.close()

    async def behind(self, goal: Goal) -> tuple[Behind, ...]:
        """Return the events behind a part of the graph."""
        if self._reader is None:
            return ()
        return await asyncio.to_thread(self._reader.behind, cast(Choice, goal))

    async def _look(self) -> None:
        before = (self.graph, self.problem)
        run, seq = self._where()
        try:
            if self._reader is None:
                self._reader = await asyncio.to_thread(GraphReader, self._feed)
            self.graph = await asyncio.to_thread(self._reader.look, run, seq, SLICE_SECONDS)
            self.problem = ""
        except CrossauditError as error:
            self.problem = str(error)
        if (self.graph, self.problem) != before:
            self._on_change()
