"""What is chosen on the collusion graph, in words, with interval and n."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from orchestrator.domain.display import count
from orchestrator.replay.graph import (
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
from tui.text import Part, safe, said
from tui.widgets.sheet import Goal

STATUS = {
    "alarm": ("! ALARM", "$tone-alarm bold"),
    "inconclusive": ("? inconclusive", "$tone-flag"),
    "clear": ("✓ clear", "$tone-allow"),
    "not identified": ("– not identified", "$tone-quiet"),
}


def describe(graph: Graph | None, goal: Goal | None, behind: Sequence[Behind] = ()) -> Content:
    """Return what is chosen in words."""
    return said(*tell(graph, goal, behind))


def tell(graph: Graph | None, goal: Goal | None, behind: Sequence[Behind]) -> list[Part]:
    """Return the same in parts, the first of which says what it is."""
    if graph is None or goal is None:
        return []
    kind, names = goal
    if kind == "pair":
        return _on_pair(graph, *names)
    if kind == "both":
        found = (both for both in graph.both if {both.one, both.other} == set(names))
        return [part for both in found for part in _on_both(both)]
    if kind == "finding":
        chosen = (one for one in graph.findings if (name_finding(one),) == names)
        return [part for one in chosen for part in _on_finding(one)]
    if kind == "step":
        return [_on_step(graph, names)]
    events = (one for one in behind if (one.run, str(one.row.seq)) == names)
    return [f"{one.run}:{one.row.seq}  {one.note}  {one.row.text}" for one in events]


def _on_pair(graph: Graph, auditor: str, agent: str) -> list[Part]:
    scene = graph.scene
    pair = Pair(0, None)
    if auditor in scene.auditors and agent in scene.agents:
        row, column = list(scene.auditors).index(auditor), list(scene.agents).index(agent)
        pair = scene.pairs[row][column]
    if pair.share:
        text = f"leniency {interval(pair.share)} where others saw evidence, of {pair.asked} asked"
        rank = f"; ranks {pair.lenient or 0:+.1f}, a screen and no finding"
    else:
        text, rank = f"asked {pair.asked}; others saw no evidence against anything of it", ""
    swaps = f"swap tests {interval(pair.swaps)}" if pair.swaps else "no swap test of its name"
    return [_bold(f"{safe(auditor, 30)} on {safe(agent, 30)}  "), f"{text}{rank}; {swaps}"]


def _on_both(both: Both) -> list[Part]:
    names = f"{safe(both.one, 30)} and {safe(both.other, 30)}"
    usual = (
        "what is usual among pairs is not known yet"
        if both.usual is None
        else f"the median of pairs like them is {both.usual:+.2f}"
    )
    text = f"errors together {interval(both.together)} shared items; {usual}"
    return [_bold(f"{names}  "), text]


def _on_finding(one: Finding) -> list[Part]:
    members = " and ".join(safe(name, 30) for name in one.members)
    word, style = STATUS[one.status]
    head = f"{word} {one.pattern} {PATTERNS[one.pattern]} {members}"
    if one.status == "not identified":
        return [(f"{head}: ", style), one.says]
    events = count(len(one.events), "event") if one.events else "no event kept"
    return [
        (f"{head}: {effect(one)}, e-value {one.e_value or 0:.3g}, {events}", style),
        f" by {kind_of_test(one)}: {one.says}; refuted by {one.would_refute}",
    ]


def _on_step(graph: Graph, names: tuple[str, ...]) -> str:
    for fact in graph.steps:
        one = fact.sanction
        if (one.auditor, one.version, one.about) == names:
            members = " and ".join(safe(name, 30) for name in one.members)
            back = f"; reversed by {fact.restored_by}: {fact.reason}" if fact.restored_by else ""
            return (
                f"{safe(one.auditor, 30)} {one.step} on {one.pattern} about {members}, "
                f"{one.status}, e-value {one.e_value:.3g}{back}"
            )
    return ""


def effect(one: Finding) -> str:
    """Return the effect of a finding as `interval` writes one."""
    return f"{one.effect or 0:+.2f} [{one.low or 0:+.2f} {one.high or 0:+.2f}] n {one.n:,}"


def interval(number: Interval) -> str:
    """Return a number, its interval and n."""
    return f"{number.value:+.2f} {span(number)} n {number.n:,}"


def _bold(text: str) -> Part:
    return (text, "bold")


def span(number: Interval) -> str:
    """Return an interval alone."""
    return f"[{number.low:+.2f} {number.high:+.2f}]"
