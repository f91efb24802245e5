"""One recording under two configurations, side by side, from the first step that differs."""

from __future__ import annotations

from array import array
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Footer, Static

from orchestrator.domain.event import Decided
from orchestrator.replay.feed import Feed
from orchestrator.replay.projection import Case, Track, play_back
from tui.glyphs import SignedApp
from tui.text import said, stack
from tui.themes import DARK, NAMES, THEMES
from tui.views.detail import write_summary
from tui.widgets.timeline import Timeline

LINES = 3


class ComparisonApp(SignedApp):
    """Two timelines of decisions; moving in one moves the other."""

    TITLE = "crossaudit: compare"
    CSS_PATH = "cockpit.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "next(True)", "Next difference", key_display="]"),
        Binding("left_square_bracket", "next(False)", "Previous", key_display="["),
        Binding("tab", "app.focus_next", "Other side"),
        Binding("t", "theme", "Theme"),
        Binding("q,escape", "quit", "Quit", key_display="q"),
    ]

    def __init__(
        self,
        feeds: tuple[Feed, Feed],
        runs: tuple[str, str],
        names: tuple[str, str],
        theme: str = DARK,
        is_ascii: bool = False,
    ) -> None:
        super().__init__()
        self.is_ascii = is_ascii
        self.tracks = (Track(feeds[0], runs[0]), Track(feeds[1], runs[1]))
        for track in self.tracks:
            play_back(track)
        self.names = names
        self.decisions = tuple(find_decisions(track) for track in self.tracks)
        self.differing = find_differences(self.tracks, self.decisions)
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the tones for themes of others, which have none."""
        return dict(THEMES[0].variables)

    def compose(self) -> ComposeResult:
        """Lay out both sides, and what differs at the chosen step below."""
        yield Static("", id="compared", markup=False)
        with Horizontal(id="sides"):
            yield Timeline("before")
            yield Timeline("after")
        yield Static("", id="difference", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin at the first step that differs."""
        for side, track, seqs, name in zip(
            self.sides, self.tracks, self.decisions, self.names, strict=True
        ):
            side.border_title = name
            side.show(track, seqs, seqs[0] if seqs else None)
        self.sides[0].focus()
        self._go(self.differing[0] if self.differing else 0)

    @property
    def sides(self) -> tuple[Timeline, Timeline]:
        """Return the two timelines."""
        return self.query_one("#before", Timeline), self.query_one("#after", Timeline)

    def on_timeline_moved(self, message: Timeline.Moved) -> None:
        """Keep both sides at the same step."""
        focused = self.focused if isinstance(self.focused, Timeline) else self.sides[0]
        self._go(focused.place)

    def action_next(self, forward: bool) -> None:
        """Go to the next step that differs."""
        here = self.sides[0].place
        steps = [n for n in self.differing if (n > here if forward else n < here)]
        if steps:
            self._go(steps[0] if forward else steps[-1])
        else:
            self.notify("No difference further on." if forward else "No difference before.")

    def action_theme(self) -> None:
        """Change to the next colours."""
        self.theme = NAMES[(NAMES.index(self.theme) + 1) % len(NAMES)]

    def _go(self, place: int) -> None:
        for side in self.sides:
            if side.seqs and side.place != place:
                side.choose(side.seqs[min(place, len(side.seqs) - 1)])
        self.query_one("#compared", Static).update(self._heading(place))
        cases = [
            track.case(seqs[place]) if place < len(seqs) else None
            for track, seqs in zip(self.tracks, self.decisions, strict=True)
        ]
        self.query_one("#difference", Static).update(self._difference(cases))

    def _heading(self, place: int) -> Content:
        total = max(map(len, self.decisions))
        if not self.differing:
            return said(("The two configurations decide everything alike.", "bold"))
        mark = ("differs", "$tone-deny bold") if place in self.differing else ("alike", "")
        return stack(
            [
                said(
                    (f" {len(self.differing)} of {total} actions are decided otherwise", "bold"),
                    f"; the first is action {self.differing[0] + 1}",
                ),
                said(f" action {place + 1} of {total}: ", mark),
            ]
        )

    def _difference(self, cases: list[Case | None]) -> Content:
        return stack(
            part
            for name, case in zip(self.names, cases, strict=True)
            for part in (said((name, "bold $primary")), write_summary(case, LINES - 1))
        )


def find_decisions(track: Track) -> array[int]:
    """Return the events that decide an action."""
    return array("L", (row.seq for row in track.rows(0, len(track)) if row.kind == "decided"))


def find_differences(
    tracks: tuple[Track, Track], decisions: tuple[array[int], ...]
) -> tuple[int, ...]:
    """Return at which actions the decision, the clause or the rule differ."""
    before, after = decisions
    found = [
        place
        for place, (old, new) in enumerate(zip(before, after, strict=False))
        if _key(tracks[0], old) != _key(tracks[1], new)
    ]
    return (*found, *range(min(len(before), len(after)), max(len(before), len(after))))


def _key(track: Track, seq: int) -> tuple[object, ...]:
    event = track.event(seq)
    if event is None or not isinstance(event.fact, Decided):
        return ()
    decision = event.fact.decision
    return decision.judged, decision.clause, decision.rule
