"""The two lines on top: which run, how it stands, what it costs, and what is wrong."""

from __future__ import annotations

from textual.content import Content

from orchestrator.replay.projection import GLYPHS, RunState
from tui.text import Part, safe, said, stack

STATES = {
    "": ("● running", "$success bold"),
    "completed": ("▣ completed", "bold"),
    "failed": ("✗ failed", "$error bold"),
    "terminated": ("■ terminated", "$error bold"),
}

SHORTEST_NAME = 8
"""Columns that the agent's name has at least."""


def write_header(
    state: RunState, now: RunState, *, place: str, problem: str, cells: int
) -> Content:
    """Return two lines on `state`, where one looks back from `now`.

    `place` says where that is, `problem` what everybody must know.
    """
    return stack([_first(state, now, place, cells), _second(state, problem)])


def _first(state: RunState, now: RunState, place: str, cells: int) -> Content:
    agent = now.facts.agent if now.facts else "no run"
    word, style = STATES.get(now.closed, (now.closed, ""))
    if now.waiting:
        word, style = f"? waits for {len(now.waiting)}", "$tone-escalate bold"
    parts: list[Part] = [
        " ",
        (word if now.facts else "", style),
        "  ",
        _coverage(state),
        "  ",
        _spend(state),
        "  ",
        (place, "$tone-quiet"),
    ]
    rest = said(*parts)
    room = max(cells - rest.cell_length - 2, SHORTEST_NAME)
    return said((f" {safe(agent, room)} ", "bold reverse"), rest)


def _coverage(state: RunState) -> Content:
    share = state.coverage.share
    if share is None:
        return said(("coverage –", "$tone-quiet"))
    style = "" if share == 1 else "$error bold"
    return said((f"coverage {share:.0%}", style))


def _spend(state: RunState) -> Content:
    if not any(h.model for h in state.health):
        return said(("no model auditor", "$tone-quiet"))
    if state.cost_usd is None:
        return said(("cost unknown", "$warning"))
    return said(f"{state.cost_usd:.4f} USD")


def _second(state: RunState, problem: str) -> Content:
    if problem:
        return said((f" ⁇ {problem}", "$error bold"))
    if state.alarms:
        return said((f" ! {state.alarms} ALARM: {state.last_alarm}", "$error bold reverse"))
    if state.budget:
        return said((f" ! {state.budget}", "$error bold"))
    counts = [(word, state.count(word)) for word in GLYPHS if word != "flag"]
    parts: list[Part] = [
        (f" {GLYPHS[word]} {n} {word} ", f"$tone-{word}") for word, n in counts if n
    ]
    if state.flagged:
        parts.append((f" {GLYPHS['flag']} {state.flagged} flagged ", "$tone-flag"))
    if state.breakers:
        parts.append((f" ↯ {len(state.breakers)} endpoints left alone", "$warning"))
    task = (state.facts.task or "") if state.facts else ""
    return said(*(parts or [(" nothing decided yet", "$tone-quiet")]), (f"  {task}", "$tone-quiet"))
