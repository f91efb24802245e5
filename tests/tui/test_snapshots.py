"""Pictures of the cockpit: sizes, panes, themes, questions, trouble."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import cache
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from orchestrator.clock import ManualClock
from orchestrator.ledger.chain import StoredEvent
from orchestrator.replay.feed import ExportFeed, RecordedFeed
from tests.conftest import ROOT
from tests.tui.recorded import START, chained, everything, feed_of, quiet_turn
from tests.tui.test_app import LiveFeed, settle
from tui.app import CockpitApp, Options
from tui.comparison import ComparisonApp
from tui.themes import NAMES

Compare: TypeAlias = Callable[..., bool]
DEMO = ROOT / "runs" / "demo" / "run.jsonl"
SMALL, WIDE, HUGE = (80, 24), (120, 40), (160, 50)


def rest(seq: int | None = None, *keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what is done before the picture: everything is loaded, a line chosen, keys pressed."""

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, CockpitApp)
        await settle(pilot, lambda: app.watcher.is_loaded or bool(app.watcher.problem))
        await pilot.pause(0.15)
        if seq is not None:
            app.timeline.choose(seq)
        for key in keys:
            await pilot.pause(0.1)
            await pilot.press(key)
        await pilot.pause(0.25)

    return run


def demo(**options: Any) -> CockpitApp:
    return CockpitApp(demo_feed(), Options(**options), ManualClock(START))


@cache
def demo_feed() -> RecordedFeed:
    with closing(ExportFeed(DEMO)) as exported:
        run = exported.runs()[0].run
        read = exported.read(run, -1, 1_000)
    stored = [StoredEvent(run, seq, START, "", body, hash_) for seq, body, hash_ in read]
    return RecordedFeed("runs/demo/run.jsonl", {run: stored})


def full(**options: Any) -> CockpitApp:
    return CockpitApp(feed_of(*everything()), Options(**options), ManualClock(START))


@pytest.mark.parametrize("size", [SMALL, WIDE, HUGE])
def test_the_demo(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(demo(), terminal_size=size, run_before=rest(26))


@pytest.mark.parametrize("size", [SMALL, WIDE, HUGE])
def test_a_run_in_which_everything_happens(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(full(), terminal_size=size, run_before=rest())


@pytest.mark.parametrize("key", ["2", "3", "4", "5"])
def test_a_pane_alone(snap_compare: Compare, key: str) -> None:
    assert snap_compare(full(), terminal_size=SMALL, run_before=rest(16, key))


def test_the_debate_below_the_detail(snap_compare: Compare) -> None:
    assert snap_compare(full(), terminal_size=HUGE, run_before=rest(16, "3"))


@pytest.mark.parametrize("size", [SMALL, WIDE, HUGE])
def test_the_collusion_graph(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(demo(), terminal_size=size, run_before=rest(180, "6", "j", "j", "j"))


def test_the_verdicts_behind_a_finding(snap_compare: Compare) -> None:
    assert snap_compare(demo(), terminal_size=SMALL, run_before=rest(None, "6", "enter", "j"))


@pytest.mark.parametrize("theme", NAMES[1:])
def test_a_theme(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(demo(theme=theme), terminal_size=WIDE, run_before=rest(26))


def test_the_help(snap_compare: Compare) -> None:
    assert snap_compare(demo(), terminal_size=SMALL, run_before=rest(26, "question_mark"))


def test_a_question(snap_compare: Compare) -> None:
    app = CockpitApp(LiveFeed(), Options(can_answer=True), ManualClock(START))
    assert snap_compare(app, terminal_size=SMALL, run_before=rest(None, "a"))


def test_something_waits_in_a_read_only_view(snap_compare: Compare) -> None:
    app = CockpitApp(LiveFeed(), Options(), ManualClock(START))
    assert snap_compare(app, terminal_size=WIDE, run_before=rest())


def test_an_empty_ledger(snap_compare: Compare) -> None:
    class Empty(LiveFeed):
        def runs(self) -> list[Any]:
            return []

        def waiting(self) -> list[Any]:
            return []

    app = CockpitApp(Empty(), Options(), ManualClock(START))

    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause(0.3)

    assert snap_compare(app, terminal_size=SMALL, run_before=run)


def test_a_chain_that_is_broken(snap_compare: Compare) -> None:
    stored = chained("r1", [*everything()[:1], *quiet_turn(0), *quiet_turn(1)])
    changed = stored[6]._replace(body=stored[6].body.replace(b"ls", b"rm"))
    feed = RecordedFeed("here", {"r1": [*stored[:6], changed, *stored[7:]]})
    app = CockpitApp(feed, Options(), ManualClock(START))
    assert snap_compare(app, terminal_size=SMALL, run_before=rest())


def test_two_configurations_side_by_side(snap_compare: Compare) -> None:
    before = feed_of(*everything("ls"), run="r1")
    after = feed_of(*[f for f in everything("ls") if f.kind != "rules_checked"], run="r2")
    app = ComparisonApp((before, after), ("r1", "r2"), ("default", "strict"))
    assert snap_compare(app, terminal_size=WIDE)


def test_ascii(snap_compare: Compare) -> None:
    assert snap_compare(demo(is_ascii=True), terminal_size=WIDE, run_before=rest(26))


def test_no_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(demo(), terminal_size=SMALL, run_before=rest(26))
