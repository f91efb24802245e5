"""The collusion graph as lines: findings, steps, who is lenient on whom, who errs with whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from textwrap import wrap

from textual.content import Content

from orchestrator.domain.display import count
from orchestrator.replay.graph import (
    NOT_INTENT,
    PATTERNS,
    Behind,
    Both,
    Finding,
    Graph,
    Interval,
    Pair,
    kind_of_test,
    name_finding,
)
from tui.text import pad, safe, said, stack, width
from tui.views.chosen import STATUS, effect, span, tell
from tui.widgets.sheet import Goal, Line, Piece

NAME, CELL = 16, 9
HEAD, QUIET = "bold $primary", "$tone-quiet"
SHADES = " ░▒▓█"
MOST_NAME = 60


def write_head(graph: Graph | None, problem: str) -> Content:
    """Return what the graph is about, and what it never says."""
    if problem:
        return stack([said((f"⁇ {problem}", "$error bold")), said(NOT_INTENT)])
    if graph is None:
        return stack([said(("Nothing has been read yet.", QUIET)), said(NOT_INTENT)])
    scene = graph.scene
    counts = ", ".join([
        count(graph.runs, "run"), count(graph.votes, "vote"),
        f"{count(len(scene.auditors), 'auditor')} on {count(len(scene.agents), 'agent')}",
    ])  # fmt: skip
    reading = "" if graph.is_whole else f"; still reading, {graph.taken:,} events so far"
    left = f"; {scene.left_out} with fewer votes left out" if scene.left_out else ""
    return stack([said(f"{counts}: {graph.scope}{reading}{left}"), said((NOT_INTENT, "bold"))])


def write_lines(graph: Graph | None, is_matrix: bool, cells: int) -> list[Line]:
    """Return the whole graph; `is_matrix` draws numbers as tables `cells` wide, else as lists."""
    if graph is None:
        return []
    return [
        *_findings(graph),
        *_steps(graph),
        *(_leniency_matrix(graph, cells) if is_matrix else _leniency_list(graph)),
        *(_dependence_matrix(graph, cells) if is_matrix else _dependence_list(graph)),
        *_untested(graph),
    ]


def write_behind(
    graph: Graph | None, goal: Goal, behind: Sequence[Behind], cells: int
) -> list[Line]:
    """Return what `goal` is in all words, and the events behind it."""
    words = [part if isinstance(part, str) else part[0] for part in tell(graph, goal, behind)]
    lines = [Line((Piece(line),)) for line in wrap(safe(" ".join(map(str, words))), cells)]
    lines.append(_head(f"Behind it: {count(len(behind), 'event')}", "the latest first"))
    if not behind:
        lines.append(_quiet("the record keeps no event for this"))
    for one in behind:
        row = one.row
        note = f"{safe(one.note)}  " if one.note else ""
        text = (
            f"{pad(f'{one.run[-6:]}:{row.seq}', 12)} {safe(row.glyph)} {pad(row.word, 9)} "
            f"{pad(row.subject, 15)} {note}{safe(row.text, 200)}"
        )
        lines.append(Line((Piece(text, "", ("event", (one.run, str(row.seq)))),)))
    return lines


def _findings(graph: Graph) -> Iterator[Line]:
    tested = [one for one in graph.findings if one.status != "not identified"]
    yield _head("Findings", "what was tested, alarms first")
    if not tested:
        yield _quiet("no pattern could be tested yet; the reasons stand at the end")
    for one in tested:
        word, style = STATUS[one.status]
        members = " and ".join(safe(name, 30) for name in one.members)
        text = (
            f"{one.pattern:<4}{PATTERNS[one.pattern]:<24} e {f'{one.e_value or 0:.3g}':<8} "
            f"{members}  {effect(one)}  {kind_of_test(one)}"
        )
        yield Line((Piece(f"{word:<15}", style, _of(one)), Piece(text)))


def _steps(graph: Graph) -> Iterator[Line]:
    yield _head("Steps", "what was done about an auditor, and by whom it was reversed")
    if not graph.steps:
        yield _quiet("no step about any auditor was taken")
    for fact in sorted(graph.steps, key=lambda fact: bool(fact.restored_by)):
        one = fact.sanction
        about = f" in runs of {safe(one.about, 24)}" if one.about else ""
        back = f", reversed by {safe(fact.restored_by, 20)}: {safe(fact.reason, 60)}"
        text = f" {pad(one.auditor, NAME)}{about} {one.pattern} {PATTERNS.get(one.pattern, '')}"
        goal = ("step", (one.auditor, one.version, one.about))
        if fact.restored_by:
            yield Line((Piece(f"↺ {'was ' + one.step:<15}", QUIET, goal), Piece(text + back)))
        else:
            yield Line((Piece(f"▲ {one.step:<15}", "$tone-escalate bold", goal), Piece(text)))


def _untested(graph: Graph) -> Iterator[Line]:
    yield _head("Not identified", "what could not be tested, which is no all-clear, and why")
    for one in graph.findings:
        if one.status == "not identified":
            name = f"– {one.pattern:<4}{PATTERNS[one.pattern]:<24}"
            yield Line((Piece(name, QUIET, _of(one)), Piece(f" {safe(one.says, 200)}", QUIET)))


def _leniency_matrix(graph: Graph, cells: int) -> Iterator[Line]:
    scene = graph.scene
    yield _head("Leniency", "agents by auditors: approved more often than usual, on evidence (+)")
    if not scene.agents or not scene.auditors:
        yield _quiet("no vote yet")
        return
    heads, wide = _titles(graph, cells)
    yield heads
    alarms = _alarms(graph)
    for column, agent in enumerate(scene.agents):
        row = (
            _cell(scene.pairs[at][column].share, ("pair", (auditor, agent)), alarms, wide)
            for at, auditor in enumerate(scene.auditors)
        )
        yield Line((_name(agent, graph), *row), fixed=1)


def _leniency_list(graph: Graph) -> Iterator[Line]:
    scene = graph.scene
    yield _head("Leniency", "one line a pair, what is unusual first; + approves more often")
    pairs = [
        (auditor, agent, scene.pairs[row][column])
        for row, auditor in enumerate(scene.auditors)
        for column, agent in enumerate(scene.agents)
        if scene.pairs[row][column].asked
    ]
    if not pairs:
        yield _quiet("no vote yet")
    alarms = _alarms(graph)
    for auditor, agent, pair in sorted(pairs, key=lambda item: _rank(item[2])):
        goal: Goal = ("pair", (auditor, agent))
        found = f"{span(pair.share)} n {pair.share.n}" if pair.share else "no evidence"
        text = f"{pad(auditor, NAME)} on {pad(agent, NAME)} {found}, asked {pair.asked}"
        yield Line((_cell(pair.share, goal, alarms), Piece(text)))


def _dependence_matrix(graph: Graph, cells: int) -> Iterator[Line]:
    auditors = graph.scene.auditors
    yield _head("Dependence", "auditors by auditors: errors that go together (+)")
    if not graph.both:
        yield _quiet("no two auditors have judged the same items")
        return
    table = {(both.one, both.other): both for both in graph.both}
    heads, wide = _titles(graph, cells)
    yield heads
    alarms = _alarms(graph)
    for one in auditors:
        row = (
            Piece(f"{'-' if one == other else '':>5}{'':{wide - 5}}", QUIET)
            if (both := table.get((one, other)) or table.get((other, one))) is None
            else _cell(_above(both), ("both", (one, other)), alarms, wide)
            for other in auditors
        )
        yield Line((_name(one, graph), *row), fixed=1)


def _dependence_list(graph: Graph) -> Iterator[Line]:
    yield _head("Dependence", "one line a pair, what is unusual first; + errs together")
    if not graph.both:
        yield _quiet("no two auditors have judged the same items")
    alarms = _alarms(graph)
    for both in graph.both:
        above = _above(both)
        text = f"{pad(both.one, NAME)} and {pad(both.other, NAME)} {span(above)} n {above.n}"
        yield Line((_cell(above, ("both", (both.one, both.other)), alarms), Piece(text)))


def _cell(
    number: Interval | None, goal: Goal, alarms: frozenset[tuple[str, ...]], wide: int = CELL
) -> Piece:
    """Return a number: shade, value, and a mark where it stands out."""
    if number is None:
        return Piece(f"{'·':>5}{'':{wide - 5}}", QUIET, goal)
    shade = SHADES[min(int(abs(number.value) * 4 + 0.999), 4)]
    mark, style = " ", ""
    if number.low > 0:
        mark, style = "▲", "$tone-flag bold"
    elif number.high < 0:
        mark, style = "▼", "$tone-agent"
    if tuple(sorted(goal[1])) in alarms:
        mark, style = "!", "$tone-alarm bold"
    value = max(-9.99, min(9.99, number.value))
    return Piece(f" {shade}{value:+.2f}{mark}{'':{wide - 8}}", style, goal)


def _above(both: Both) -> Interval:
    """Return how far a pair lies above what is usual, as far as that is known."""
    value, low, high, n = both.together
    usual = both.usual or 0.0
    return Interval(value - usual, low - usual, high - usual, n)


def _alarms(graph: Graph) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(sorted(one.members)) for one in graph.findings if one.status == "alarm")


def _rank(pair: Pair) -> tuple[float, ...]:
    """Order pairs: those that stand out, then by whole units of what is usual, then by share."""
    if pair.share is None:
        return 2, 0.0, -pair.asked
    return int(pair.share.low <= 0), -round(pair.lenient or 0.0), -pair.share.value


def _of(one: Finding) -> Goal:
    return "finding", (name_finding(one),)


def _titles(graph: Graph, cells: int) -> tuple[Line, int]:
    """Return the heads of the columns, and how wide a column is.

    What all names begin with is left out where they do not fit: it is their ends that differ.
    """
    names = [safe(name) for name in graph.scene.auditors]
    room = max((cells - NAME) // max(len(names), 1), CELL)
    wide = min(room, max([CELL, *(width(name) + 2 for name in names)]))
    shared = 0
    if len(names) > 1 and any(width(name) + 2 > wide for name in names):
        heads_alike = (len(set(same)) == 1 for same in zip(*names, strict=False))
        shared = sum(1 for _ in takewhile(bool, heads_alike))
    heads = [Piece(" " * NAME)]
    for name, whole in zip(names, graph.scene.auditors, strict=True):
        mark, style = ("!", "$tone-alarm bold") if whole in graph.scene.alarmed else (" ", "bold")
        short = f"…{name[shared:]}" if shared > 1 else name
        heads.append(Piece(f"{mark}{pad(short, wide - 2)} ", style))
    return Line(tuple(heads), fixed=1), wide


def _name(name: str, graph: Graph) -> Piece:
    mark = "!" if name in graph.scene.alarmed else " "
    return Piece(f"{mark}{pad(name, NAME - 2)} ", "$tone-alarm bold" if mark == "!" else "bold")


def _head(title: str, text: str = "") -> Line:
    return Line((Piece(safe(title), HEAD), Piece(f"  {text}", QUIET)))


def _quiet(text: str) -> Line:
    return Line((Piece(f"  {text}", QUIET),))
