"""The cockpit as a person uses it: keys, panes, filters, questions, replay."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, TextArea

from orchestrator.cli.program import run_program
from orchestrator.clock import ManualClock
from orchestrator.domain.decision import Request
from orchestrator.domain.value import JsonObject
from orchestrator.errors import ApprovalError, ConfigError, StoreError
from orchestrator.oversight.approvals import Kind
from orchestrator.replay.feed import ExportFeed, RecordedFeed
from tests.conftest import ROOT
from tests.tui.recorded import START, asked_turn, chained, everything, feed_of, quiet_turn
from tui.app import CockpitApp, Options
from tui.bindings import KEYS
from tui.screens.help import HelpScreen, write_help
from tui.screens.question import QuestionScreen
from tui.themes import NAMES

# Above 300 lines: one screen, a test for each thing a person does with it.
OPENED = everything()[0]
WAITING = [OPENED, *quiet_turn(0), *asked_turn(1)]


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio alone."""
    return "asyncio"


class LiveFeed(RecordedFeed):
    """A run that is still going on, and what was answered."""

    is_live = True

    def __init__(self) -> None:
        super().__init__("live", {"r1": chained("r1", WAITING)})
        self.answers: list[tuple[str, Kind, str, JsonObject | None]] = []
        self.refusal = ""
        self.trouble = ""

    def waiting(self) -> list[tuple[str, Request]]:
        if self.trouble:
            raise StoreError(self.trouble)
        fact = WAITING[-1]
        assert fact.kind == "approval_requested"
        return [] if self.answers else [("r1", fact.request)]

    def answer(
        self, run: str, request: str, reply: Kind, reason: str, arguments: JsonObject | None
    ) -> None:
        if self.refusal:
            raise ApprovalError(self.refusal)
        self.answers.append((request, reply, reason, arguments))


@asynccontextmanager
async def shown(app: CockpitApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await settle(pilot, lambda: app.watcher.is_loaded and bool(app.timeline.seqs))
        await pilot.pause(0.1)
        yield pilot


async def settle(pilot: Pilot[None], is_done: object) -> None:
    assert callable(is_done)
    for _ in range(1500):
        if is_done():
            return
        await pilot.pause(0.02)
    pytest.fail("the screen did not come to rest")


def recorded(**options: object) -> CockpitApp:
    return CockpitApp(feed_of(*everything()), Options(**options))  # type: ignore[arg-type]


def live() -> tuple[CockpitApp, LiveFeed, ManualClock]:
    feed, clock = LiveFeed(), ManualClock(START)
    app = CockpitApp(feed, Options(can_answer=True), clock)
    return app, feed, clock


def text_of(app: CockpitApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def said_by(app: CockpitApp) -> str:
    return " ".join(note.message for note in app._notifications)


async def test_keys_move_and_jump() -> None:
    app = recorded()
    async with shown(app) as pilot:
        assert app.timeline.follows and app.timeline.seq == len(everything()) - 1
        await pilot.press("g")
        assert app.timeline.seq == 0
        await pilot.press("j", "j")
        assert app.timeline.place == 2
        await pilot.press("right_square_bracket")
        first = app.timeline.seq
        await pilot.press("right_square_bracket", "left_square_bracket")
        assert app.timeline.seq == first
        await pilot.press("g", "right_curly_bracket")
        assert everything()[app.timeline.seq].kind == "debate_opened"
        await pilot.press("3")
        await pilot.pause(0.1)
        assert "Debate on shell" in text_of(app) and "refuted" in text_of(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_ascii_is_drawn_with_no_other_sign(size: tuple[int, int]) -> None:
    app = CockpitApp(feed_of(*everything()), Options(is_ascii=True))
    async with shown(app, size) as pilot:
        for key in ("1", "2", "3", "4", "5", "6", "m", "question_mark", "escape", "colon"):
            await pilot.press(key)
            await pilot.pause(0.3)
            assert text_of(app).isascii(), key
    app, _, _ = live()
    app.is_ascii = True
    async with shown(app, size) as pilot:
        await pilot.press("a")
        await pilot.pause(0.3)
        assert "Deny" in text_of(app) and text_of(app).isascii()


async def test_every_pane_opens_and_escape_leaves_it() -> None:
    app = recorded()
    async with shown(app) as pilot:
        for key, words in (("2", "Agent said"), ("4", "Leniency"), ("5", "tidy the build")):
            await pilot.press(key)
            await pilot.pause(0.15)
            app.query_one("#detail").scroll_end(animate=False)
            await pilot.pause(0.1)
            assert words in text_of(app) or key == "2", (key, text_of(app))
            await pilot.press("escape")
            await pilot.pause(0.1)
            assert app.pane == "timeline"


async def test_a_filter_hides_the_rest_and_escape_brings_it_back() -> None:
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("slash")
        app.query_one("#filter", Input).value = "kind:debate"
        await pilot.press("enter")
        await settle(pilot, lambda: len(app.timeline.seqs) == 4)
        app.query_one("#filter", Input).value = "colour:red"
        await pilot.press("slash", "enter")
        assert "no field" in said_by(app)
        await pilot.press("escape", "escape")
        await settle(pilot, lambda: len(app.timeline.seqs) > 4)


async def test_quiet_events_come_and_go() -> None:
    app = recorded()
    async with shown(app) as pilot:
        few = len(app.timeline.seqs)
        await pilot.press("v")
        assert len(app.timeline.seqs) == len(everything()) > few
        await pilot.press("v")
        assert len(app.timeline.seqs) == few
        await pilot.press("g", "full_stop")
        assert app.timeline.seq == 1 and app.is_verbose


async def test_a_replay_plays_to_its_end_and_changes_speed() -> None:
    clock = ManualClock(START)
    app = CockpitApp(feed_of(*everything()), Options(plays=True), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: app.playback.is_playing)
        start = app.timeline.place
        await pilot.press("greater_than_sign")
        assert app.playback.speed == 2.0
        clock.move(3.0)
        await settle(pilot, lambda: app.timeline.place > start)
        await pilot.press("space")
        assert not app.playback.is_playing
        await pilot.press("space")
        clock.move(500.0)
        await settle(pilot, lambda: not app.playback.is_playing)
        assert app.timeline.follows


async def test_looking_back_tells_where_and_that_the_run_is_over() -> None:
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("g")
        await settle(pilot, lambda: f"at event 1 of {len(everything())}" in text_of(app))
        head = text_of(app).splitlines()[0]
        assert "failed" in head and "running" not in head


async def test_only_the_last_notice_covers_anything() -> None:
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("t", "t", "t")
        assert [note.message for note in app._notifications] == [f"Theme: {app.theme}"]


async def test_a_long_line_ends_before_the_scrollbar() -> None:
    facts = everything("many words " * 40)
    app = CockpitApp(feed_of(*facts), Options())
    async with shown(app):
        for y in range(app.timeline.size.height):
            strip = app.timeline.render_line(y)
            assert strip.cell_length == app.timeline.scrollable_content_region.width == 79
        drawn = [line[:79] for line in text_of(app).splitlines() if "many words" in line[:79]]
        assert any(line.rstrip().endswith("…") and line[78] != " " for line in drawn)


async def test_a_live_run_says_why_it_has_no_speed() -> None:
    app, _, clock = live()
    async with shown(app) as pilot:
        await pilot.press("less_than_sign")
        assert "A live run has the speed it has" in said_by(app)
        await pilot.press("space")
        clock.move(0.2)
        await pilot.pause(0.2)
        assert "PA" in text_of(app) and not app.timeline.follows


async def open_question(app: CockpitApp, pilot: Pilot[None]) -> QuestionScreen:
    await settle(pilot, lambda: bool(app.waiting))
    await pilot.press("a")
    await settle(pilot, lambda: isinstance(app.screen, QuestionScreen))
    assert isinstance(app.screen, QuestionScreen)
    return app.screen


async def test_keys_typed_ahead_approve_nothing() -> None:
    app, feed, clock = live()
    async with shown(app) as pilot:
        screen = await open_question(app, pilot)
        await settle(pilot, lambda: screen.focused is not None)
        assert screen.focused and screen.focused.id == "deny"
        await pilot.press("y", "enter", "d")
        await pilot.pause(0.1)
        assert feed.answers == [] and app.screen is screen
        clock.move(0.5)
        await pilot.press("y")
        await settle(pilot, lambda: bool(feed.answers))
        assert feed.answers == [("q1", "approve", "", None)]


async def test_deny_is_one_key_away_and_carries_a_reason() -> None:
    app, feed, clock = live()
    async with shown(app) as pilot:
        screen = await open_question(app, pilot)
        screen.query_one("#reason", Input).value = "wrong account"
        clock.move(1.0)
        await pilot.press("enter")
        await settle(pilot, lambda: bool(feed.answers))
        assert feed.answers == [("q1", "deny", "wrong account", None)]


async def test_letters_in_the_reason_are_text() -> None:
    app, feed, clock = live()
    async with shown(app) as pilot:
        screen = await open_question(app, pilot)
        clock.move(1.0)
        screen.query_one("#reason").focus()
        await pilot.press("y", "d", "e")
        assert screen.query_one("#reason", Input).value == "yde" and feed.answers == []
        await pilot.press("escape")
        await settle(pilot, lambda: app.screen is not screen)
        assert feed.answers == []


async def test_arguments_are_edited_as_json() -> None:
    app, feed, clock = live()
    async with shown(app, (100, 40)) as pilot:
        screen = await open_question(app, pilot)
        clock.move(1.0)
        await pilot.press("e")
        area = screen.query_one("#arguments", TextArea)
        area.text = "{"
        screen.query_one("#approve", Button).press()
        await pilot.pause(0.1)
        assert feed.answers == [] and app.screen is screen
        area.text = '{"command": "ls"}'
        screen.query_one("#approve", Button).press()
        await settle(pilot, lambda: bool(feed.answers))
        assert feed.answers == [("q1", "edit", "", {"command": "ls"})]


async def test_a_refused_answer_is_told() -> None:
    app, feed, clock = live()
    feed.refusal = "the approval token is not the right one"
    async with shown(app) as pilot:
        await open_question(app, pilot)
        clock.move(1.0)
        await pilot.press("d")
        await settle(pilot, lambda: "token is not the right one" in said_by(app))


async def test_a_question_settled_elsewhere_closes() -> None:
    app, feed, clock = live()
    async with shown(app) as pilot:
        screen = await open_question(app, pilot)
        feed.answers.append(("q1", "deny", "", None))
        clock.move(1.0)
        await settle(pilot, lambda: app.screen is not screen)


async def test_a_read_only_screen_asks_nobody() -> None:
    app = CockpitApp(LiveFeed(), Options(), ManualClock(START + timedelta(minutes=1)))
    async with shown(app) as pilot:
        await settle(pilot, lambda: "240 s, then it is denied" in text_of(app))
        assert "read-only" in text_of(app)
        await pilot.press("a")
        await pilot.pause(0.1)
        assert not isinstance(app.screen, QuestionScreen)


async def test_trouble_with_the_ledger_is_a_sentence_and_passes() -> None:
    app, feed, clock = live()
    async with shown(app) as pilot:
        feed.trouble = "the ledger x is locked by another process"
        clock.move(1.0)
        await settle(pilot, lambda: "is locked by another process" in text_of(app))
        feed.trouble = ""
        clock.move(1.0)
        await settle(pilot, lambda: "is locked" not in text_of(app))


async def test_help_names_every_key() -> None:
    plain = write_help("timeline").plain
    for key in KEYS:
        assert key.help in plain
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("question_mark")
        await settle(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await settle(pilot, lambda: not isinstance(app.screen, HelpScreen))


async def test_keys_can_be_moved_and_a_wrong_one_is_refused() -> None:
    app = recorded(keys={"flag-previous": "p"})
    async with shown(app) as pilot:
        end = app.timeline.seq
        await pilot.press("p")
        assert app.timeline.seq < end
    with pytest.raises(ConfigError, match="did you mean 'flag-next'"):
        recorded(keys={"flag-nxt": "p"})
    with pytest.raises(ConfigError, match="no theme"):
        recorded(theme="mauve")


async def test_every_theme_can_be_worn() -> None:
    app = recorded()
    async with shown(app) as pilot:
        for name in (*NAMES[1:], NAMES[0]):
            await pilot.press("t")
            await pilot.pause(0.05)
            assert app.theme == name


async def test_the_mouse_chooses_lines_and_places() -> None:
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("g")
        await pilot.click("#timeline", offset=(20, 3))
        assert app.timeline.place == 3
        await pilot.click("#scrubber", offset=(0, 0))
        await pilot.pause(0.05)
        assert app.timeline.place == 0


async def test_the_command_palette_does_what_keys_do() -> None:
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("colon")
        await pilot.pause(0.3)
        await pilot.press(*"next debate")
        await pilot.pause(0.6)
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert app.screen is app.screen_stack[0]


async def test_the_first_run_of_an_empty_ledger_gets_the_keys() -> None:
    feed = feed_of(*everything())
    cards, feed.runs = feed.runs(), list  # type: ignore[method-assign]
    feed.is_live = True
    app = CockpitApp(feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: "Nothing is recorded yet" in text_of(app))
        await pilot.press("question_mark")
        feed.runs = lambda: cards  # type: ignore[method-assign]
        await settle(pilot, lambda: app.watcher.is_loaded and bool(app.timeline.seqs))
        await pilot.press("escape")
        await settle(pilot, lambda: app.focused is app.timeline)
        place = app.timeline.place
        await pilot.press("k")
        assert app.timeline.place == place - 1


async def test_the_help_scrolls_by_the_keys_it_names() -> None:
    app = recorded()
    async with shown(app) as pilot:
        await pilot.press("question_mark")
        await settle(pilot, lambda: isinstance(app.screen, HelpScreen))
        text = app.screen.query_one("#help")
        for key, expected in (("down", 3), ("j", 6), ("k", 3), ("up", 0)):
            await pilot.press(key)
            assert text.scroll_offset.y == expected
        await pilot.press("end")
        assert text.scroll_offset.y == text.max_scroll_y > 0
        await pilot.press("pageup", "home")
        assert text.scroll_offset.y == 0


async def test_nothing_is_said_of_what_is_recorded_before_it_is_known() -> None:
    feed, known = feed_of(*everything()), threading.Event()
    cards = feed.runs()
    feed.runs = lambda: cards if known.wait(30) else []  # type: ignore[method-assign]
    app = CockpitApp(feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.3)
        assert "Nothing is recorded" not in text_of(app)
        known.set()
        await settle(pilot, lambda: app.watcher.is_loaded and bool(app.timeline.seqs))


async def test_lines_without_a_screen_tell_what_the_timeline_tells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = str(ROOT / "runs" / "demo" / "run.jsonl")
    assert run_program(["watch", place, "--plain"]) == 0
    plain = [line.split()[1:3] for line in capsys.readouterr().out.splitlines()]
    app = CockpitApp(ExportFeed(place))
    async with shown(app, (160, 50)) as pilot:
        await pilot.press("g")
        timeline = app.timeline
        await settle(pilot, lambda: timeline.scroll_offset.y == 0)
        for words in plain:
            row = timeline.scroll_offset.y
            on_screen = timeline.render_line(timeline.place - row).text.split()
            assert words == on_screen[:2]
            timeline.action_move(1)
            await pilot.pause()
    app.watcher.feed.close()
