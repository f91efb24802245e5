"""How long the screen takes: to open a long run, to seek, to answer a key while events pour in.

python -m tests.benchmarks.bench_tui [--events 100000] [--rate 1000] [--keys 200]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from multiprocessing import get_context
from multiprocessing.synchronize import Event as Flag
from pathlib import Path
from statistics import median, quantiles

import anyio
import psutil

from orchestrator.clock import SystemClock
from orchestrator.domain.event import Fact
from orchestrator.ledger.ledger import Ledger
from orchestrator.replay.feed import LedgerFeed
from tests.tui.recorded import chained, long_run
from tui.app import CockpitApp, Options

CLOCK = SystemClock()
SIZE = (120, 40)
KEYS = (
    "j",
    "k",
    "pageup",
    "pagedown",
    "g",
    "right_square_bracket",
    "G",
    "left_square_bracket",
    "k",
)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--keys", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "ledger.db"
        write_in_child(place, given.events)
        before = psutil.Process().memory_info().rss
        asyncio.run(measure_opening(place, given.events))
        grown = psutil.Process().memory_info().rss
        print(f"  memory {grown / 1e6:.0f} MB; {(grown - before) / 1e6:.0f} MB of it by the screen")
        full = asyncio.run(measure_keys(Path(name) / "live.db", given.rate, given.keys))
        bare = asyncio.run(
            measure_keys(Path(name) / "bare.db", given.rate, given.keys, is_bare=True)
        )
        print(f"  with an empty detail beside it: {show(bare)}")
        print(f"  the detail costs {worst(full) / worst(bare):.2f}x at p99")


async def measure_opening(place: Path, events: int) -> None:
    """Print how long it takes until the end is seen, until all is indexed, and a seek."""
    app = CockpitApp(LedgerFeed(place), Options())
    start = CLOCK.monotonic()
    async with app.run_test(size=SIZE) as pilot:
        seen = 0.0
        while not app.watcher.is_loaded:
            await asyncio.sleep(0.005)
            if not seen and app.timeline.seq == events - 1:
                painted = asyncio.Event()
                app.timeline.call_after_refresh(painted.set)
                await painted.wait()
                seen = CLOCK.monotonic() - start
        opened = CLOCK.monotonic() - start
        track = app.track
        assert track and len(track) == events
        print(
            f"a run of {events:,} events: its end is shown after {seen:.2f} s, "
            f"all of it indexed after {opened:.2f} s"
        )
        chance = random.Random(1)
        times = []
        for _ in range(300):
            seq = chance.randrange(events)
            begun = CLOCK.monotonic()
            track.state_at(seq)
            app.timeline.choose(seq)
            track.row(seq)
            times.append(CLOCK.monotonic() - begun)
        print(f"  a seek: {show(times)}")
        await pilot.pause()
    app.watcher.feed.close()


async def measure_keys(place: Path, rate: int, keys: int, *, is_bare: bool = False) -> list[float]:
    """Return how long it takes from a key to the end of the next paint, while events arrive."""
    context = get_context("spawn")
    stop = context.Event()
    child = context.Process(target=pour, args=(str(place), rate, stop))
    child.start()
    app = CockpitApp(LedgerFeed(place), Options())
    if is_bare:
        app.painter._paint_case = lambda track, seq: None  # type: ignore[method-assign]
    try:
        async with app.run_test(size=SIZE):
            while app.track is None or len(app.track) < 2 * rate:  # noqa: ASYNC110 - as a person
                await asyncio.sleep(0.05)
            times = [await measure_key(app, KEYS[n % len(KEYS)]) for n in range(keys)]
            assert app.track
            if not is_bare:
                print(f"a key to the end of its paint, {rate:,} events/s arriving: {show(times)}")
                behind = app.watcher.feed.count(app.track.run) - len(app.track)
                print(f"  {len(app.track):,} events came, the screen is {behind} events behind")
            return times
    finally:
        stop.set()
        child.join()
        app.watcher.feed.close()


async def measure_key(app: CockpitApp, key: str) -> float:
    """Return seconds from a key event to the end of the refresh that follows it."""
    from textual import events

    painted = asyncio.Event()
    await asyncio.sleep(0.02)
    begun = CLOCK.monotonic()
    character = (
        key if len(key) == 1 else {"left_square_bracket": "[", "right_square_bracket": "]"}.get(key)
    )
    app.post_message(events.Key(key, character))
    await asyncio.sleep(0)
    app.call_later(app.timeline.call_after_refresh, painted.set)
    await painted.wait()
    return CLOCK.monotonic() - begun


def write_in_child(place: Path, events: int) -> None:
    """Write a long run in a process of its own, so that its memory is not counted."""
    child = get_context("spawn").Process(target=write, args=(str(place), events))
    child.start()
    child.join()


def write(place: str, events: int) -> None:
    """Write a run of that many events."""

    async def insert() -> None:
        ledger = Ledger.open(place)
        stored = chained("long", long_run(events))
        for start in range(0, len(stored), 10_000):
            await ledger.insert(stored[start : start + 10_000])
        await ledger.aclose()

    anyio.run(insert)


def pour(place: str, rate: int, stop: Flag) -> None:
    """Append events at `rate` a second until told to stop."""

    async def append() -> None:
        ledger = Ledger.open(place)
        log = ledger.open_run("live")
        facts: list[Fact] = list(long_run(5_000))
        at = 0
        start = CLOCK.monotonic()
        while not stop.is_set():
            due = int((CLOCK.monotonic() - start) * rate)
            while at < due:
                part = facts[1 + at % 4_000 : 1 + at % 4_000 + 20]
                await log.append(*(facts[:1] if at == 0 else part))
                at += 1 if at == 0 else len(part)
            await anyio.sleep(0.01)
        await ledger.aclose()

    anyio.run(append)


def show(times: list[float]) -> str:
    """Return p50, p99 and the longest."""
    return (
        f"p50 {median(times) * 1000:.1f} ms, p99 {worst(times) * 1000:.1f} ms, "
        f"longest {max(times) * 1000:.1f} ms"
    )


def worst(times: list[float]) -> float:
    """Return what one in a hundred exceeds."""
    return quantiles(times, n=100)[98]


if __name__ == "__main__":
    main()
