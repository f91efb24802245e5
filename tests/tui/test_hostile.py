"""A thousand strings meant to take over a terminal, through everything that shows text."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

import pytest
from rich.console import Console
from textual.content import Content

from orchestrator.cli.watch import write_plain
from orchestrator.domain.decision import Request
from orchestrator.replay.feed import RunCard
from orchestrator.replay.graph import Behind
from orchestrator.replay.projection import Case, Row, Track, play_back
from tests.tui.recorded import START, everything, feed_of
from tests.tui.test_collusion import goals, graph_of, plain
from tui.text import lines, quoted, said
from tui.views.auditors import write_auditors
from tui.views.chosen import describe
from tui.views.collusion import write_behind, write_head, write_lines
from tui.views.debate import write_debate
from tui.views.detail import write_detail, write_summary
from tui.views.header import write_header
from tui.views.question import write_bar, write_question
from tui.widgets.run_list import write_card
from tui.widgets.timeline import write_line

COUNT = 1_000
PIECES = (
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x9b31m", "\x00", "\x07", "\x08",
    "\r", "\n", "\t", "\x7f", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028",
    "\ue000", "\U000e0041", "\ud800", "a\u0301\u0301\u0301\u0301", "\u3164", "\u2800",
    "[bold red]", "[/]", "[@click=app.quit]go[/]", "[link=http://x]", "$error", "\\[", "]",
    "漢字", "👩‍👩‍👧", "x" * 300, "rm -rf /", " ", "%s{}", "\u0600", "\u1160", "\ufdd0",
)  # fmt: skip
HARMLESS = {"\n"}


def strings() -> Iterator[str]:
    """Yield the same thousand strings each time."""
    chance = random.Random("hostile")
    yield from PIECES
    for _ in range(COUNT - len(PIECES)):
        yield "".join(chance.choices(PIECES, k=chance.randint(1, 8)))


def texts() -> Iterator[str]:
    """Yield the strings four at a time: a run is made of each."""
    every = list(strings())
    assert len(every) == COUNT
    for start in range(0, COUNT, 4):
        yield "".join(every[start : start + 4])


def is_harmless(text: str, *, single: bool) -> bool:
    """Say whether no character of `text` does anything but stand there."""
    return all(
        (char in HARMLESS and not single)
        or (char.isprintable() and unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
        for char in text
    )


def track_of(text: str) -> Track:
    # Lone surrogates never reach a record: `clean_text` replaced them where they came in.
    text = text.encode("utf-8", "replace").decode()
    feed = feed_of(*everything(text))
    track = Track(feed, "r1")
    play_back(track)
    return track


def test_every_line_and_every_pane_of_a_hostile_run_is_harmless() -> None:
    for text in texts():
        track = track_of(text)
        for row in track.rows(0, len(track)):
            assert is_harmless(write_plain(row), single=True), text
            for cells in (40, 80):
                line = "".join(part for _, part in write_line(row, cells))
                assert is_harmless(line, single=True), text
                check_width(row, line, cells)


def check_width(row: Row, line: str, cells: int) -> None:
    assert Content(line).cell_length <= cells, (row, line)


def test_every_view_of_a_hostile_run_is_harmless() -> None:
    console = Console(force_terminal=True, width=80, color_system="truecolor")
    for number, text in enumerate(texts()):
        track = track_of(text)
        contents = [*views(track, track.case(15)), *views(track, track.case(number % len(track)))]
        for content in contents:
            assert is_harmless(content.plain, single=False), (text, content.plain)
            assert not any("click" in str(span.style) for span in content.spans), text
        if number % 100 == 0:
            with console.capture() as captured:
                console.print(contents[0].plain, markup=False, highlight=False)
            assert "\x1b]" not in captured.get()


def views(track: Track, case: Case | None) -> Iterator[Content]:
    """Yield what every pane shows."""
    state = track.state
    waiting = next((w.request for n in range(len(track)) for w in track.state_at(n).waiting), None)
    assert isinstance(waiting, Request) and state.facts
    yield write_header(state, state, place="here", problem="", cells=80)
    calm = state._replace(alarms=0)
    yield write_header(calm, calm, place="here", problem=waiting.reason, cells=80)
    rich = calm._replace(budget="")
    yield write_header(rich, rich, place="", problem="", cells=80)
    yield write_summary(case, 5)
    yield write_detail(case)
    yield write_debate(case)
    yield write_auditors(state)
    yield write_bar([("r1", waiting)], START, can_answer=True)
    yield write_question("r1", waiting, (waiting.reason,))
    yield from graph_views(state.facts.agent, track)
    card = RunCard("r1", state.facts.agent, state.facts.task or "", START, "")
    yield write_card(card, waits=True, is_open=False)


def graph_views(name: str, track: Track) -> Iterator[Content]:
    """Yield the collusion graph of agents and auditors that are called so."""
    graph = graph_of([name, "ada", f"{name}2"], [name, f"{name}3"], 2)
    yield write_head(graph, name)
    behind = [Behind(name, track.row(seq), name) for seq in (1, 15)]
    for is_matrix in (True, False):
        found = write_lines(graph, is_matrix, 100)
        yield from (Content(line) for line in plain(found).split("\n"))
        for goal in goals(found):
            yield describe(graph, goal)
    for shown in (write_behind(graph, goals(found)[0], behind, 80), found):
        assert all(is_harmless(piece.text, single=True) for line in shown for piece in line.pieces)
    yield describe(graph, ("event", (name, str(behind[0].row.seq))), behind)


def test_text_is_never_read_as_markup() -> None:
    content = said("[bold]x[/bold]", ("[red]y", "bold"))
    assert content.plain == "[bold]x[/bold][red]y"
    assert quoted("a [b] c", ["[b]"], "reverse").spans[0].style == "reverse"


@pytest.mark.parametrize("count", [1, 59, 60, 61, 5000])
def test_long_texts_are_cut_and_say_so(count: int) -> None:
    shown = lines("\n".join(["line"] * count))
    assert len(shown) <= 61 and (count <= 60 or f"{count - 60} more lines" in shown[-1])
