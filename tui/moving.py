"""Moving through a run: from flag to flag, event to event, by a filter, at the pace it had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from orchestrator.clock import Clock
from orchestrator.replay.projection import Mark, Track, parse_filter
from tui.glyphs import SignedApp
from tui.painter import Painter
from tui.playback import Playback
from tui.watching import Watcher
from tui.widgets.timeline import Timeline

NOTICE_SECONDS = 3.0


class MovingApp(SignedApp):
    """An app around one timeline."""

    clock: Clock
    watcher: Watcher
    painter: Painter

    def __init__(self) -> None:
        super().__init__()
        self.playback = Playback()
        self.is_verbose = False
        self._timeline: Timeline | None = None

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Literal["information", "warning", "error"] = "information",
        timeout: float | None = NOTICE_SECONDS,
        markup: bool = True,
    ) -> None:
        """Say something in place of what was said before: one notice at a time covers enough."""
        self.clear_notifications()
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    @property
    def timeline(self) -> Timeline:
        """Return the timeline of the main screen."""
        if self._timeline is None:
            self._timeline = self.screen_stack[0].query_one("#timeline", Timeline)
        return self._timeline

    @property
    def track(self) -> Track | None:
        """Return the run that is open."""
        return self.watcher.track

    def _seqs(self, track: Track) -> Sequence[int]:
        if self.watcher.filter:
            return self.watcher.matches
        if not self.watcher.is_loaded:
            return range(max(len(track), track.total))
        return range(len(track)) if self.is_verbose else track.shown

    def action_find(self, forward: bool) -> None:
        """Go to the next line the filter chooses; without one, the next flag."""
        if self.watcher.filter:
            self.timeline.action_move(1 if forward else -1)
        else:
            self.action_flag(forward)

    def action_flag(self, forward: bool) -> None:
        """Go to the next event somebody objected to."""
        self._jump(Mark.FLAG | Mark.ALARM, forward, "flag")

    def action_debate(self, forward: bool) -> None:
        """Go to the next debate."""
        self._jump(Mark.DEBATE, forward, "debate")

    def _jump(self, mark: Mark, forward: bool, name: str) -> None:
        seq = self.timeline.seq
        found = self.track.find(mark, seq, forward=forward) if self.track else None
        if found is None:
            self.notify(f"No {name} {'after' if forward else 'before'} this line.")
            return
        self._leave_filter_for(found)
        self.timeline.choose(found)

    def action_step(self, by: int) -> None:
        """Go one event on, quiet ones too."""
        if self.track:
            seq = min(max(self.timeline.seq + by, 0), self.track.last)
            if not self.is_verbose:
                self.action_verbose()
            self.timeline.choose(seq)

    def action_play(self) -> None:
        """Live: stop or follow the end. Recorded: play or pause."""
        if self.watcher.feed.is_live:
            if self.timeline.follows:
                self.timeline.follows = False
            else:
                self.timeline.action_edge(True)
        else:
            if self.timeline.follows and not self.playback.is_playing:
                self.timeline.choose(0)
            self.playback.toggle(self.clock.monotonic())
        self.painter.is_dirty = True

    def action_speed(self, factor: float) -> None:
        """Play faster or slower."""
        if self.watcher.feed.is_live:
            self.notify("A live run has the speed it has; < and > are for recorded runs.")
            return
        self.playback.change_speed(factor)
        self.painter.is_dirty = True

    def action_verbose(self) -> None:
        """Show quiet events too, or hide them."""
        self.is_verbose = not self.is_verbose
        if self.track:
            self.timeline.show(self.track, self._seqs(self.track), self.timeline.seq)
        self.painter.is_dirty = True

    def _filter(self, text: str) -> bool:
        try:
            chosen = parse_filter(text) if text else None
        except ValueError as error:
            self.notify(str(error), severity="error", markup=False)
            return False
        seq = self.timeline.seq
        self.watcher.set_filter(chosen)
        if self.track:
            self.timeline.show(self.track, self._seqs(self.track), None if chosen else seq)
        self.painter.is_dirty = True
        return True

    def _leave_filter_for(self, seq: int) -> None:
        """Show all lines again where the filter hides the one to go to."""
        if self.watcher.filter and seq not in self.watcher.matches:
            self._filter("")

    def _play_on(self) -> None:
        """Choose the lines that are due."""
        timeline, track = self.timeline, self.track
        while track and self.playback.is_due(self.clock.monotonic()):
            if timeline.place >= len(timeline.seqs) - 1:
                self.playback.is_playing = False
                self.painter.is_dirty = True
                return
            here, following = (track.row(timeline.seqs[timeline.place + n]).at for n in (0, 1))
            timeline.action_move(1)
            self.playback.schedule(here, following)
