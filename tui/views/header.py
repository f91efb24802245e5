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


def write_header(state: RunState, *, place: str, problem: str, cells: int) -> Content:
    """Return two lines; `place` says where one looks, `problem` what everybody must know."""
    return stack([_first(state, place, cells), _second(state, problem)])


def _first(state: RunState, place: str, cells: int) -> Content:
    agent = state.facts.agent if state.facts else "no run"
    word, style = STATES.get(state.closed, (state.closed, ""))
    if state.waiting:
        word, style = f"? waits for {len(state.waiting)}", "$tone-escalate bold"
    room = max(cells - 62, 12)
    parts: list[Part] = [
        (f" {safe(agent, room)} ", "bold reverse"),
        " ",
        (word if state.facts else "", style),
        "  ",
        _coverage(state),
        "  ",
        _spend(state),
        "  ",
        (place, "$tone-quiet"),
    ]
    return said(*parts)


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
