"""A guard in one process and a screen in another: how soon one sees what waits, and who slows whom.

python -m tests.benchmarks.bench_two_processes [--questions 50] [--reviews 200]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import anyio
import psutil
from anyio import to_thread

from orchestrator.clock import SystemClock
from orchestrator.config import Config, Gate
from orchestrator.guard import Guard
from orchestrator.ledger.ledger import Ledger
from orchestrator.replay.feed import LedgerFeed, Person
from tests.benchmarks.bench_ledger import measure
from tests.benchmarks.bench_tui import show
from tests.tui.terminal import Terminal
from tui.app import CockpitApp, Options

CLOCK = SystemClock()
SIZE = (120, 40)
IDLE_SECONDS = 5.0
CHECKPOINT_BYTES = 8_000 * 4_096
"""How long SQLite's log grows before it is moved into the file."""
LETTER = 50_000


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--reviews", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["CROSSAUDIT_HOME"] = name
        times = asyncio.run(measure_questions(Path(name) / "asked.db", given.questions))
        print(f"from the event of a question to the end of the paint that shows it: {show(times)}")
        idle, asked = measure_idle(Path(name) / "idle.db")
        print(f"a screen that watches, of one core: {idle:.1%}; while a question waits {asked:.1%}")
        sides = measure_sides(Path(name) / "sides.db", given.reviews)
        print(f"a review without a screen: {show(sides.alone)}")
        for what, found in (("with one", sides.watched), ("with a stopped one", sides.stopped)):
            print(f"  {what}: {show(found)}; {median(found) / median(sides.alone):.2f}x")
        print(f"  the log under a stopped screen: {sides.log / CHECKPOINT_BYTES:.2f}x a checkpoint")


class Guarding:
    """A guard at work in a process of its own, told over a pipe what to do next."""

    def __init__(self, place: Path) -> None:
        context = get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._child = context.Process(target=guard, args=(str(place), theirs))
        self._child.start()
        self._ours.recv()

    def review(self, count: int, content: str = "") -> list[float]:
        """Have so many calls reviewed and return the seconds each took."""
        self._ours.send(("write_file", {"path": "a.txt", "content": content}, count))
        times: list[float] = self._ours.recv()
        return times

    def ask(self, count: int) -> None:
        """Have so many calls escalated, one after the other, each when the last is answered."""
        self._ours.send(("pay", {"account": "LP-1", "amount": 5000}, count))

    def close(self) -> None:
        """End the run; what still waits is dropped."""
        self._ours.close()
        self._child.join(5)
        self._child.kill()
        self._child.join()


@contextmanager
def guarding(place: Path) -> Iterator[Guarding]:
    """Lend a guard in a process of its own."""
    child = Guarding(place)
    try:
        yield child
    finally:
        child.close()


def guard(place: str, orders: Connection) -> None:
    """Do what `orders` say until they end."""

    async def work() -> None:
        ledger = Ledger.open(place)
        config = Config(gate=Gate(strikes=0))
        async with Guard(config, ledger, auditors=()).run("bench", root="/work") as run:
            number = 0
            orders.send("ready")
            while order := await to_thread.run_sync(receive, orders):
                tool, arguments, count = order

                async def one(index: int, tool: str = tool, given: Any = arguments) -> None:
                    nonlocal number
                    number += 1
                    call = {"id": f"c{number}", "tool": tool, "arguments": given}
                    await run.review([call])

                orders.send(await measure(count, one))
        await ledger.aclose()

    anyio.run(work)


def receive(orders: Connection) -> Any:
    """Return the next order; None when there is nobody to give one."""
    try:
        return orders.recv()
    except (EOFError, OSError):
        return None


async def measure_questions(place: Path, count: int) -> list[float]:
    """Return, for each question, seconds from its event to the end of the paint that shows it."""
    with guarding(place) as child:
        token = place.with_suffix(".token")
        token.write_text("sesame", "utf-8")
        app = CockpitApp(LedgerFeed(place, Person("ada", token, "sesame")), Options())
        seen: dict[str, float] = {}
        paint = app.painter.paint

        def painted() -> None:
            paint()
            for run, request in app.waiting:
                if request.id not in seen:
                    seen[request.id] = -1.0
                    app.timeline.call_after_refresh(end, run, request.id)

        def end(run: str, id: str) -> None:
            seen[id] = CLOCK.now().timestamp()
            app.run_worker(
                lambda: app.watcher.feed.answer(run, id, "approve", "", None), thread=True
            )

        app.painter.paint = painted  # type: ignore[method-assign]
        async with app.run_test(size=SIZE):
            await asyncio.sleep(1.0)
            child.ask(count)
            while sum(at > 0 for at in seen.values()) < count:  # noqa: ASYNC110 - as a person
                await asyncio.sleep(0.1)
            assert app.track
            asked = {
                request.fact.request.id: request.at.timestamp()
                for request in map(app.track.event, range(len(app.track)))
                if request and request.fact.kind == "approval_requested"
            }
        app.watcher.feed.close()
    return [at - asked[id] for id, at in seen.items()]


def measure_idle(place: Path) -> tuple[float, float]:
    """Return the share of a core a screen takes that has nothing to show, and with a question."""
    with guarding(place) as child, screen_on(place) as screen:
        child.review(20)
        wait_until(screen, "following")
        idle = share_of_core(screen.child.pid)
        child.ask(1)
        wait_until(screen, "press a to answer")
        return idle, share_of_core(screen.child.pid)


def share_of_core(pid: int) -> float:
    """Return processor time over time, for a while."""
    process = psutil.Process(pid)
    threading.Event().wait(1.0)
    before, start = process.cpu_times(), CLOCK.monotonic()
    threading.Event().wait(IDLE_SECONDS)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return used / (CLOCK.monotonic() - start)


class Sides(NamedTuple):
    """Seconds a review takes, in three situations of one run, and how large the log became."""

    alone: list[float]
    watched: list[float]
    stopped: list[float]
    log: int


def measure_sides(place: Path, reviews: int) -> Sides:
    """Measure a guard without a screen, with one, and with one that was stopped."""
    with guarding(place) as child:
        child.review(reviews)
        alone = child.review(reviews)
        with screen_on(place) as screen:
            wait_until(screen, "following")
            watched = child.review(reviews)
            stop(screen.child.pid, place)
            stopped = child.review(reviews)
            log = Path(f"{place}-wal")
            written, largest = 0, 0
            while written < 3 * CHECKPOINT_BYTES:
                child.review(40, "x" * LETTER)
                written += 40 * LETTER
                largest = max(largest, log.stat().st_size)
    return Sides(alone, watched, stopped, largest)


def stop(pid: int, place: Path) -> None:
    """Stop a screen between two reads; one stopped within a read keeps the log from starting anew.

    Where it is stopped within one, let it go on and stop it again.
    """
    for _ in range(50):
        os.kill(pid, signal.SIGSTOP)
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
            threading.Event().wait(0.001)
        if not is_held(place):
            return
        os.kill(pid, signal.SIGCONT)
        threading.Event().wait(0.03)
    raise AssertionError("a transaction is open at every moment")


def is_held(place: Path) -> bool:
    """Say whether somebody reads at this moment, so that the log cannot start anew."""
    connection = sqlite3.connect(place, timeout=0.0)
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        connection.close()
    return bool(busy)


@contextmanager
def screen_on(place: Path) -> Iterator[Terminal]:
    """Lend `crossaudit watch` on a terminal of its own, which somebody always reads."""
    screen = Terminal(["watch"], SIZE, CROSSAUDIT_LEDGER=str(place))
    is_over = threading.Event()
    reading = threading.Thread(target=keep_reading, args=(screen, is_over))
    reading.start()
    try:
        yield screen
    finally:
        is_over.set()
        reading.join()
        screen.close()


def keep_reading(screen: Terminal, is_over: threading.Event) -> None:
    """Read what a screen writes, so that it never waits for us."""
    while not is_over.is_set():
        screen.read(0.05)


def wait_until(screen: Terminal, words: str) -> None:
    """Wait until a screen that is being read has written `words`."""
    until = CLOCK.monotonic() + 30
    while words not in screen.text:
        assert CLOCK.monotonic() < until, f"no {words!r} on the screen"
        threading.Event().wait(0.02)


if __name__ == "__main__":
    main()
