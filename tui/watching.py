"""Keep up with a feed: one loop, everything that may block in threads, the track grown in between.

A guard never waits for this: it only reads, page by page, and lags behind rather than hold.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - Textual runs on nothing else
from array import array
from collections.abc import Callable, Sequence

from orchestrator.clock import Clock
from orchestrator.domain.decision import Request
from orchestrator.errors import CrossauditError
from orchestrator.replay.feed import Feed, RunCard
from orchestrator.replay.projection import Filter, Track, warm_up

POLL_SECONDS = 0.05
RUNS_SECONDS = 1.0
FIRST_SECONDS = 0.2
"""How soon runs are looked for again while none is open."""
UNREAD = -1
"""No version of a feed."""
FETCHED = 500
"""Events taken at once: a screen is back for its keys in a few milliseconds."""
CHUNK = 2_000
"""Lines a filter looks at before the screen is drawn again."""


class Watcher:
    """What is known of a feed by now."""

    def __init__(self, feed: Feed, clock: Clock, on_change: Callable[[], None]) -> None:
        self.feed = feed
        self.track: Track | None = None
        self.cards: list[RunCard] = []
        self.waiting: list[tuple[str, Request]] = []
        self.has_looked = False
        """Whether it is known which runs there are."""
        self.problem = ""
        """Why nothing more can be read, in a sentence; empty while all is well."""
        self.is_loaded = False
        """Whether everything that was there when the run was opened has been taken."""
        self.filter: Filter | None = None
        self.matches = array("L")
        """Events that the filter chooses."""
        self._filtered = 0
        self._clock = clock
        self._on_change = on_change
        self._next_runs = 0.0
        self._runs_of: int | None = UNREAD
        self._waiting_of: int | None = UNREAD
        self._events_of: int | None = UNREAD
        """The versions at which runs, what waits and the open run were last read to their end."""

    def open(self, run: str) -> Track:
        """Turn to another run."""
        self.track = Track(self.feed, run)
        self.is_loaded = False
        self._events_of = UNREAD
        self.set_filter(self.filter)
        return self.track

    def set_filter(self, chosen: Filter | None) -> None:
        """Look through all lines anew."""
        self.filter = chosen
        self.matches = array("L")
        self._filtered = 0

    @property
    def is_settled(self) -> bool:
        """Say whether there is nothing to hurry for."""
        return self.is_loaded or self.track is None or bool(self.problem)

    @property
    def is_filtering(self) -> bool:
        """Say whether lines are left that the filter has not seen."""
        return bool(self.filter and self.track and self._filtered < len(self.track))

    async def run(self) -> None:
        """Follow the feed until cancelled."""
        warming = asyncio.create_task(asyncio.to_thread(warm_up))
        try:
            await self._follow()
        finally:
            await warming

    async def _follow(self) -> None:
        while True:
            try:
                changed = await self.look()
                changed = bool(self.problem) or changed
                self.problem = ""
            except CrossauditError as error:
                changed, self.problem = self.problem != str(error), str(error)
            if changed:
                self._on_change()
            if not self.is_filtering and self.is_settled:
                await asyncio.sleep(POLL_SECONDS)

    async def look(self) -> bool:
        """Take what is new, once; return whether anything is."""
        now = self._clock.monotonic()
        changed = False
        version = await asyncio.to_thread(self.feed.version)
        if now >= self._next_runs and _is_new(version, self._runs_of):
            changed = await self._look_for_runs() or changed
            took = self._clock.monotonic() - now
            self._next_runs = now + max(RUNS_SECONDS if self.track else FIRST_SECONDS, 10 * took)
            self._runs_of = version
        if _is_new(version, self._waiting_of):
            waiting = await asyncio.to_thread(self.feed.waiting)
            changed, self.waiting = changed or waiting != self.waiting, waiting
            self._waiting_of = version
        if _is_new(version, self._events_of) or not self.is_loaded or self.is_filtering:
            if await self._grow():
                changed = True
            else:
                self._events_of = version
        return changed

    async def _look_for_runs(self) -> bool:
        if self.cards and not self.feed.is_live:
            return False
        cards = await asyncio.to_thread(self.feed.runs)
        changed = cards != self.cards or not self.has_looked
        self.cards, self.has_looked = cards, True
        return changed

    async def _grow(self) -> bool:
        track = self.track
        if track is None:
            return False
        batch = await asyncio.to_thread(track.fetch, FETCHED)
        if track is not self.track:
            return True
        took = track.take(batch)
        was_loaded, self.is_loaded = self.is_loaded, self.is_loaded or took < FETCHED
        await self._sift(track)
        return bool(took) or batch.broken_at is not None or was_loaded != self.is_loaded

    async def _sift(self, track: Track) -> None:
        chosen, start = self.filter, self._filtered
        stop = min(start + CHUNK, len(track))
        if chosen is None or start >= stop:
            return
        rows = await asyncio.to_thread(track.rows, start, stop)
        if chosen is self.filter and track is self.track:
            self.matches.extend(row.seq for row in rows if chosen.test(row))
            self._filtered = stop
            self._on_change()


def _is_new(version: int | None, seen: int | None) -> bool:
    """Say whether a feed of `version` may hold what one of `seen` did not."""
    return version is None or version != seen


def oldest_waiting(waiting: Sequence[tuple[str, Request]], run: str) -> tuple[str, Request] | None:
    """Return the request of `run` that has waited longest, else that of any run."""
    mine = [item for item in waiting if item[0] == run]
    return next(iter([*mine, *waiting]), None)
