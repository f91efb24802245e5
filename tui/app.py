"""The cockpit: what is on the screen, and what the keys do."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, Input, OptionList, Static

from orchestrator.clock import Clock, SystemClock
from orchestrator.config import nearest
from orchestrator.domain.decision import Request
from orchestrator.errors import ConfigError, CrossauditError
from orchestrator.replay.feed import Feed
from tui.bindings import KEYS, bindings
from tui.collusion import CollusionWatch
from tui.commands import CockpitCommands
from tui.moving import MovingApp
from tui.painter import Painter
from tui.running import run_app
from tui.screens.help import HelpScreen
from tui.screens.question import QuestionScreen, Reply
from tui.text import said
from tui.themes import DARK, NAMES, THEMES
from tui.watching import Watcher, oldest_waiting
from tui.widgets.collusion import CollusionPane
from tui.widgets.pane import Pane
from tui.widgets.run_list import RunList
from tui.widgets.scrubber import Scrubber
from tui.widgets.sheet import Goal
from tui.widgets.timeline import Timeline

# Above 300 lines: the keys of one screen, an action each.
FRAME_SECONDS = 0.05
COLLECT_AFTER = (10_000, 20, 100)
"""Full collections are rare: a stream of events makes garbage, but hardly any cycles."""
PANES = ("timeline", "detail", "debate", "auditors", "runs", "collusion")
SETTLING_SECONDS = 2.0
"""How long an answer that was sent hides the question: its owner takes it within 0.1 s."""


class Beside(NamedTuple):
    """A process started with the screen, whose run is the one to show."""

    known: frozenset[str]
    """The runs that were there before it."""
    has_ended: Callable[[], bool]


class Options(NamedTuple):
    """How the cockpit is started."""

    run: str | None = None
    """The run to open; without it the newest, and each newer one that opens."""
    shows_runs: bool = False
    can_answer: bool = False
    beside: Beside | None = None
    plays: bool = False
    """Start at the first event and play."""
    theme: str = DARK
    is_ascii: bool = False
    """Draw with no sign that ASCII does not have."""
    keys: Mapping[str, str] = {}


class CockpitApp(MovingApp):
    """Watch runs, answer what waits, look back."""

    TITLE = "crossaudit"
    CSS_PATH = "cockpit.tcss"
    AUTO_FOCUS = None  # it would choose a pane that is not in sight
    BINDINGS: ClassVar[list[BindingType]] = bindings()
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {CockpitCommands}
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - as Textual has it
        (0, "-small"),
        (120, "-wide"),
        (150, "-huge"),
    ]

    def __init__(
        self, feed: Feed, options: Options | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__()
        self.options = options or Options()
        self.is_ascii = self.options.is_ascii
        self.clock = clock or SystemClock()
        self.watcher = Watcher(feed, self.clock, self._on_change)
        self.collusion = CollusionWatch(feed, self.clock, self._where, self._mark_dirty)
        self.pane = "runs" if self.options.shows_runs else "timeline"
        self.painter = Painter(self)
        self._sent: dict[str, float] = {}
        self._chose = self.options.run is not None
        for theme in THEMES:
            self.register_theme(theme)
        if self.options.theme not in NAMES:
            raise ConfigError(
                f"no theme {self.options.theme!r}{nearest(self.options.theme, list(NAMES))}"
            )
        self.theme = self.options.theme
        self.set_keymap(check_keys(self.options.keys))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the tones for themes of others, which have none."""
        return dict(THEMES[0].variables)

    def compose(self) -> ComposeResult:
        """Lay out everything once; the width decides what of it is seen."""
        yield Static("", id="header", markup=False)
        with Horizontal(id="body"):
            yield RunList("runs")
            yield Timeline("timeline")
            yield Static("", id="beginning", markup=False)
            with Vertical(id="side"):
                yield Pane("detail", "2 Detail")
                yield Pane("debate", "3 Debate")
                yield Pane("auditors", "4 Auditors")
            yield CollusionPane("collusion-pane")
        yield Scrubber("scrubber")
        yield Static("", id="waiting", markup=False)
        yield Input(
            id="filter", placeholder="is:flag  tool:shell  score>0.8  words  -not", compact=True
        )
        yield Footer(id="footer", compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to follow the feed."""
        # What was imported stays: a full collection of it would hold every key for 0.1 s.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        self.timeline.border_title = "1 Timeline"
        self.timeline.dims_later = not self.watcher.feed.is_live
        self.screen.set_class(not self.watcher.feed.is_live, "recorded")
        self._set_pane(self.pane)
        if self.options.run:
            self._open(self.options.run)
        self.run_worker(self.watcher.run(), group="feed", exit_on_error=True)
        self.run_worker(self.collusion.run(), group="collusion", exit_on_error=True)
        self.set_interval(FRAME_SECONDS, self._tick)

    @property
    def collusion_pane(self) -> CollusionPane:
        """Return the collusion graph of the main screen."""
        return self.screen_stack[0].query_one(CollusionPane)

    @property
    def waiting(self) -> list[tuple[str, Request]]:
        """Return what waits and has not just been answered from here."""
        now = self.clock.monotonic()
        return [
            (run, request)
            for run, request in self.watcher.waiting
            if now - self._sent.get(request.id, -SETTLING_SECONDS) >= SETTLING_SECONDS
        ]

    # What is on the screen

    def _open(self, run: str) -> None:
        track = self.watcher.open(run)
        self.timeline.show(track, self._seqs(track))
        self.painter.reread()

    def _on_change(self) -> None:
        """Draw what is new in the timeline now, and the rest with the next frame."""
        cards = self.watcher.cards
        known = self.options.beside.known if self.options.beside else ()
        newest = next((card.run for card in cards if card.run not in known), None)
        opened = self.track.run if self.track else None
        if newest and newest != opened and (opened is None or not self._chose):
            self._chose = self._chose or bool(self.options.beside)
            self._open(newest)
        track = self.track
        if track:
            timeline = self.timeline
            chosen = None if timeline.follows else timeline.seq
            timeline.seqs = self._seqs(track)
            timeline.grow(chosen)
            if self.options.plays and self.watcher.is_loaded and not self.playback.is_playing:
                self.options = self.options._replace(plays=False)
                self.timeline.choose(0)
                self.playback.toggle(self.clock.monotonic())
        self.painter.note_change()

    def _where(self) -> tuple[str, int | None]:
        """Return the run that is open, and the chosen event where the end is not followed."""
        timeline = self.timeline
        return self.track.run if self.track else "", None if timeline.follows else timeline.seq

    def _mark_dirty(self) -> None:
        self.painter.is_dirty = True

    def _tick(self) -> None:
        """Draw a frame: at most twenty a second, however much arrives."""
        if self.playback.is_playing:
            self._play_on()
        if self.track is None and self.options.beside and self.options.beside.has_ended():
            self.exit()  # there will be nothing to see: whoever started it says why
        self.painter.tick()

    # What the keys do

    def on_timeline_moved(self) -> None:
        """Let everything else follow the chosen line."""
        self.painter.is_dirty = True

    def on_scrubber_sought(self, message: Scrubber.Sought) -> None:
        """Go where the scrubber was clicked."""
        self.timeline.choose(message.seq)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the run that was chosen."""
        if event.option.id:
            self._chose = True
            self._open(event.option.id)
            self._set_pane("timeline")

    def action_help(self) -> None:
        """Show what is seen and which keys there are."""
        self.push_screen(HelpScreen(self.pane))

    def action_pane(self, name: str) -> None:
        """Go to a pane; where there is little room, it takes all of it."""
        self._set_pane(name)
        if name in ("detail", "debate", "auditors") and self.screen.has_class("-small"):
            self.screen.add_class("opened")
        self.painter.is_dirty = True

    def action_expand(self) -> None:
        """Show the chosen line whole, or what is behind a number."""
        if self.pane == "collusion":
            self._open_behind(self.collusion_pane.sheet.goal)
            return
        self._set_pane("detail" if self.pane == "timeline" else self.pane)
        self.screen.add_class("opened")
        self.call_after_refresh(self.painter.reread)

    def action_leave(self) -> None:
        """Leave the last thing that was opened."""
        box = self.query_one("#filter", Input)
        if box.display:
            box.display = False
            self.timeline.focus()
        elif self.pane == "collusion" and self.collusion_pane.leave():
            pass
        elif self.screen.has_class("opened") or self.pane != "timeline":
            self._set_pane("timeline")
        elif self.watcher.filter:
            self._filter("")
        else:
            self.timeline.action_edge(True)
        self.painter.is_dirty = True

    def action_matrix(self) -> None:
        """Draw the collusion graph as tables or as lists."""
        if self.pane != "collusion":
            self.action_pane("collusion")
        else:
            self.collusion_pane.toggle()
        self.painter.is_dirty = True

    def _open_behind(self, goal: Goal | None) -> None:
        """List the events behind a part of the graph; go to one that is listed."""
        if goal is None:
            return
        if goal[0] == "event":
            run, seq = goal[1]
            self._go_to(run, int(seq))
            return

        async def list_them() -> None:
            self.collusion_pane.open(goal, await self.collusion.behind(goal))
            self.painter.is_dirty = True

        self.run_worker(list_them(), group="behind", exclusive=True)

    def _go_to(self, run: str, seq: int) -> None:
        """Show an event of any run in the timeline."""
        if self.track is None or run != self.track.run:
            self._chose = True
            self._open(run)
        self._leave_filter_for(seq)
        self._set_pane("timeline")
        self.timeline.choose(seq)
        if self.timeline.seq != seq and not self.is_verbose:
            self.action_verbose()
            self.timeline.choose(seq)

    def action_filter(self) -> None:
        """Ask for a filter."""
        box = self.query_one("#filter", Input)
        box.display = True
        box.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Choose lines by what was typed."""
        if event.input.id == "filter" and self._filter(event.value.strip()):
            event.input.display = False
            self.timeline.focus()

    def action_theme(self) -> None:
        """Change to the next colours."""
        self.action_set_theme(NAMES[(NAMES.index(self.theme) + 1) % len(NAMES)])

    def action_set_theme(self, name: str) -> None:
        """Change the colours."""
        self.theme = name
        self.notify(f"Theme: {name}")

    def action_answer(self) -> None:
        """Ask a person about what has waited longest."""
        found = oldest_waiting(self.waiting, self.track.run if self.track else "")
        if found is None:
            self.notify("Nothing waits for an answer.")
        elif not self.options.can_answer:
            self.notify("This view is read-only; `crossaudit approve` and `deny` answer.")
        else:
            self._ask(*found)

    def _ask(self, run: str, request: Request) -> None:
        state = self.track.state if self.track and self.track.run == run else None
        voted = (
            next((w.voted for w in state.waiting if w.request.id == request.id), ())
            if state
            else ()
        )

        def take(reply: Reply | None) -> None:
            if reply:
                self.run_worker(
                    lambda: self._send(run, request, reply), thread=True, group="answer"
                )

        self.push_screen(QuestionScreen(run, request, voted, self.clock), take)

    def _send(self, run: str, request: Request, reply: Reply) -> None:
        try:
            self.watcher.feed.answer(run, request.id, reply.kind, reply.reason, reply.arguments)
        except CrossauditError as error:
            self.call_from_thread(self._say, str(error), True)
        else:
            self._sent[request.id] = self.clock.monotonic()
            self.painter.is_dirty = True
            self.call_from_thread(self._say, f"{reply.kind} sent for {request.tool}", False)

    def _say(self, text: str, is_error: bool) -> None:
        self.notify(said(text).plain, severity="error" if is_error else "information", markup=False)

    def _set_pane(self, name: str) -> None:
        screen = self.screen_stack[0]
        screen.remove_class("opened", *(f"pane-{pane}" for pane in PANES))
        screen.add_class(f"pane-{name}")
        self.pane = name
        self.collusion.want(name == "collusion")
        self.call_after_refresh(self.painter.reread)
        self.call_after_refresh(lambda: screen.query_one(f"#{name}").focus())

    def on_resize(self) -> None:
        """Fill the panes that have come into sight."""
        self.call_after_refresh(self.painter.reread)


def check_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """Return `keys`; ConfigError where one is for something that does not exist."""
    known = [key.id for key in KEYS]
    for name in keys:
        if name not in known:
            raise ConfigError(f"[tui.keys] has no key {name!r}{nearest(name, known)}")
    return dict(keys)


def run_cockpit(feed: Feed, options: Options) -> None:
    """Show the cockpit until somebody leaves it."""
    try:
        run_app(CockpitApp(feed, options))
    finally:
        feed.close()
