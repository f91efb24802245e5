"""What stands around the timeline, drawn at most twenty times a second however much arrives."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Static

from orchestrator.replay.projection import RunState, Track
from tui.screens.question import QuestionScreen
from tui.views.auditors import write_auditors
from tui.views.beginning import write_beginning
from tui.views.debate import write_debate
from tui.views.detail import write_detail, write_summary
from tui.views.header import write_header
from tui.views.question import write_bar
from tui.widgets.pane import Pane
from tui.widgets.run_list import RunList
from tui.widgets.scrubber import Scrubber

if TYPE_CHECKING:
    from tui.app import CockpitApp

READING_FRAMES = 5
"""While the end is followed, the text beside the timeline changes with every fifth frame only."""
SUMMARY_LINES = 5
COUNTING_FRAMES = 10
"""A question counts down in seconds."""


class Painter:
    """Bring the screen up to what is known and chosen."""

    def __init__(self, app: CockpitApp) -> None:
        self.is_dirty = True
        self._app = app
        self._case_of: tuple[object, ...] = ()
        self._folded: tuple[Track, int, RunState] | None = None
        self._read_seq, self._frame, self._read_frame = -2, 0, -READING_FRAMES
        self._rung: frozenset[str] = frozenset()

    def tick(self) -> None:
        """Draw a frame if anything has changed; what waits for a person counts down."""
        self._frame += 1
        counts = self._frame % COUNTING_FRAMES == 0 and bool(self._app.watcher.waiting)
        if self.is_dirty or counts:
            with suppress(NoMatches):  # the screen is just being taken down
                self.paint()

    def note_change(self) -> None:
        """Draw with the next frame; at once where a question has come up."""
        self.is_dirty = True
        if {request.id for _, request in self._app.waiting} - self._rung:
            self.tick()

    def reread(self) -> None:
        """Write the panes anew with the next frame: others are in sight, or another run is open."""
        self._case_of = ()
        self._read_frame = -READING_FRAMES
        self.is_dirty = True

    @property
    def _screen(self) -> Screen[object]:
        return self._app.screen_stack[0]

    def paint(self) -> None:
        """Draw everything but the timeline, which draws itself."""
        self.is_dirty = False
        screen = self._screen
        track = self._app.track
        screen.set_class(track is None and not self._app.watcher.problem, "empty")
        if track is None and self._app.watcher.has_looked:
            screen.query_one("#beginning", Static).update(
                write_beginning(self._app.watcher.feed.place, bool(self._app.options.beside))
            )
        seq = self._app.timeline.seq
        state = self._state(track, seq) if track else RunState("")
        header = write_header(
            state,
            track.state if track else state,
            place=self._place(),
            problem=self._problem(),
            cells=self._app.size.width,
        )
        screen.query_one("#header", Static).update(header, layout=False)
        self._paint_waiting()
        screen.query_one("#runs", RunList).show(
            self._app.watcher.cards,
            frozenset(run for run, _ in self._app.waiting),
            track.run if track else "",
        )
        if self._app.pane == "collusion":
            graphs = self._app.collusion
            self._app.collusion_pane.show(graphs.graph, graphs.problem)
        if track:
            scrubber = screen.query_one("#scrubber", Scrubber)
            if scrubber.display:
                scrubber.show(track.marks, seq, str(self._app.playback))
            is_chosen = seq != self._read_seq and not self._app.timeline.follows
            if is_chosen or self._frame - self._read_frame >= READING_FRAMES:
                self._read_seq, self._read_frame = seq, self._frame
                auditors = screen.query_one("#auditors", Pane)
                if auditors.display:
                    auditors.show(write_auditors(state), track.run)
                self._paint_case(track, seq)
            else:
                self.is_dirty = True
            if screen.focused is None:  # all was hidden while there was nothing to see
                screen.query_one(f"#{self._app.pane}").focus()
                self.is_dirty = True

    def _state(self, track: Track, seq: int) -> RunState:
        """Return the state at the chosen line, folded once however often it is painted."""
        if self._app.timeline.follows or seq >= track.last:
            return track.state
        if self._folded is None or self._folded[:2] != (track, seq):
            self._folded = (track, seq, track.state_at(seq))
        return self._folded[2]

    def _paint_case(self, track: Track, seq: int) -> None:
        key = (track.run, seq, track.turn_around(max(seq, 0))[1])
        screen = self._screen
        is_compact = screen.has_class("-small") and not screen.has_class("opened")
        screen.set_class(is_compact, "brief")
        if (*key, is_compact) == self._case_of:
            return
        self._case_of = (*key, is_compact)
        case = track.case(seq) if seq >= 0 else None
        text = write_summary(case, SUMMARY_LINES) if is_compact else write_detail(case)
        screen.query_one("#detail", Pane).show(text, key[:2])
        debate = screen.query_one("#debate", Pane)
        if debate.display:
            debate.show(write_debate(case), key[:2])

    def _paint_waiting(self) -> None:
        waiting = self._app.waiting
        bar = self._screen.query_one("#waiting", Static)
        bar.display = bool(waiting)
        ids = frozenset(request.id for _, request in waiting)
        if waiting:
            line = write_bar(waiting, self._app.clock.now(), self._app.options.can_answer)
            bar.update(line, layout=False)
        if ids - self._rung:
            self._app.bell()
        self._rung = ids
        top = self._app.screen
        if isinstance(top, QuestionScreen) and top.request.id not in ids:
            top.dismiss(None)
            self._app.notify("This question has been settled elsewhere, or nobody waits any more.")

    def _place(self) -> str:
        track = self._app.track
        if track is None:
            return ""
        is_last = self._app.timeline.follows
        is_open = self._app.watcher.feed.is_live and not track.state.closed
        here = f"at event {self._app.timeline.seq + 1} of {len(track)}"
        back = f"PAUSED {here}" if is_open else here
        parts = [f"{len(track)} events" if is_last else back]
        if not self._app.watcher.is_loaded:
            parts.append(f"reading {len(track) / max(track.total, 1):.0%}")
        if self._app.watcher.filter:
            parts.append(f"{len(self._app.watcher.matches)} match {self._app.watcher.filter.text}")
        if is_open:
            parts.append("following" if is_last else "esc follows")
        return " · ".join(parts)

    def _problem(self) -> str:
        if self._app.watcher.problem:
            return self._app.watcher.problem
        track = self._app.track
        if track and track.broken_at is not None:
            return f"UNVERIFIED from event {track.broken_at}: {track.problem}"
        return ""
