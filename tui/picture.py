"""A picture of the cockpit, without a terminal."""

from __future__ import annotations

import asyncio  # noqa: TID251 - Textual runs on nothing else

from orchestrator.replay.feed import Feed
from tui.app import CockpitApp, Options

MOST_WAITS = 600


def take_picture(
    feed: Feed, run: str | None, seq: int | None, size: tuple[int, int], theme: str
) -> str:
    """Return the cockpit as SVG, event `seq` chosen."""
    return asyncio.run(_take(CockpitApp(feed, Options(run=run, theme=theme)), seq, size))


async def _take(app: CockpitApp, seq: int | None, size: tuple[int, int]) -> str:
    async with app.run_test(size=size) as pilot:
        for _ in range(MOST_WAITS):
            await pilot.pause(0.05)
            if app.watcher.is_loaded:
                break
        if seq is not None:
            app.timeline.choose(seq)
        await pilot.pause(0.2)
        return app.export_screenshot(title="crossaudit")
