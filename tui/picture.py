"""A picture of the cockpit, without a terminal."""

from __future__ import annotations

import asyncio  # noqa: TID251 - Textual runs on nothing else

from orchestrator.errors import ConfigError
from orchestrator.replay.feed import Feed
from orchestrator.replay.projection import Filter
from tui.app import CockpitApp, Options

MOST_WAITS = 600
BELOW = 5
"""Lines below the chosen one: what led to it is told above."""


def take_picture(
    feed: Feed, options: Options, at: int | Filter | None, size: tuple[int, int]
) -> str:
    """Return the cockpit as SVG, an event chosen or the first line a filter chooses.

    ConfigError where it chooses none.
    """
    return asyncio.run(_take(CockpitApp(feed, options), at, size))


async def _take(app: CockpitApp, at: int | Filter | None, size: tuple[int, int]) -> str:
    async with app.run_test(size=size) as pilot:
        for _ in range(MOST_WAITS):
            await pilot.pause(0.05)
            if app.watcher.is_loaded:
                break
        if at is not None:
            timeline = app.timeline
            timeline.choose(at if isinstance(at, int) else _find(app, at))
            above = timeline.size.height - BELOW
            timeline.scroll_to(y=timeline.place - above, animate=False, immediate=True)
        await pilot.pause(0.2)
        return _without_fonts(app.export_screenshot(title="crossaudit"))


def _without_fonts(svg: str) -> str:
    """Return a picture that loads nothing from anywhere: a font is local, or any of fixed width."""
    head, *rest = svg.split("@font-face {")
    return head + "".join(part.partition("}")[2].lstrip() for part in rest)


def _find(app: CockpitApp, chosen: Filter) -> int:
    track = app.track
    rows = track.rows(0, len(track)) if track else ()
    found = next((row.seq for row in rows if chosen.test(row)), None)
    if found is None:
        raise ConfigError(f"no line of this run is {chosen.text!r}")
    return found
