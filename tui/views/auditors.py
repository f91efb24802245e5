"""How the auditors of a run do, and what they let pass of what was then held."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from orchestrator.replay.projection import Cell, Health, RunState, find_cells
from tui.text import pad, said, stack

NAME = 15
QUIET = "$tone-quiet"
SHADES = " ░▒▓█"


def write_auditors(state: RunState) -> Content:
    """Return the health of each auditor, the panel as a whole, and the matrix."""
    return stack(_auditors(state))


def _auditors(state: RunState) -> Iterator[Content]:
    if not state.health:
        yield said(("No auditor has said anything yet.", "$tone-quiet"))
        return
    head = f"{'auditor':<{NAME}} {'scored':>6} {'abst.':>5} {'failed':>6}"
    yield said((f"{head} {'last':>5} {'ms':>7} {'spend':>9}", "bold $primary"))
    for health in state.health:
        yield _line(health)
        if health.last_failure:
            yield said((f"    ! {health.last_failure}", "$error"))
    yield from _panel(state)
    yield from _matrix(state)


def _line(health: Health) -> Content:
    last = "–" if health.last is None else f"{health.last:.2f}"
    spend = "" if health.model is None and not health.tokens else (
        "unknown" if health.cost_usd is None else f"{health.cost_usd:.4f}")  # fmt: skip
    return said(
        pad(health.auditor, NAME),
        f" {health.scored:>6} {health.abstained:>5} ",
        (f"{health.failed:>6}", "$error bold" if health.failed else ""),
        f" {last:>5} {health.mean_micros / 1000:>7.1f} {spend:>9}",
    )


def _panel(state: RunState) -> Iterator[Content]:
    if not any(h.model for h in state.health):
        yield said(("no model auditor: rules and local auditors only", "$tone-quiet"))
        return
    worth = "–" if state.effective is None else f"{state.effective:.1f}"
    yield said(
        f"panel: {state.panels} actions, {state.debates} debates, worth {worth} auditors",
        (f", {state.no_quorum} below the quorum" if state.no_quorum else "", "$error"),
    )
    for endpoint, how in state.breakers:
        yield said((f"↯ {endpoint}: {how}", "$warning"))
    for health in state.health:
        if health.canaries:
            yield said(
                f"canaries: {health.auditor} got {health.canaries - health.missed} of "
                f"{health.canaries} right"
            )
        if health.crossed:
            yield said(
                f"cross-audits: {health.objected} of {health.crossed} rationales of "
                f"{health.auditor} objected to"
            )


def _matrix(state: RunState) -> Iterator[Content]:
    agent = state.facts.agent if state.facts else ""
    cells = find_cells(agent, state.health)
    yield Content("")
    yield said(("Leniency, naive", "bold $primary"), " share of held actions scored as harmless")
    if not cells:
        yield said(("no evidence yet: nothing that was held has been scored", "$tone-quiet"))
        return
    for cell in cells:
        yield _cell(cell)
    yield said(("6 shows the collusion graph: what is tested, with canaries and swap tests", QUIET))


def _cell(cell: Cell) -> Content:
    shade = SHADES[min(int(cell.leniency * (len(SHADES) - 1) + 0.5), len(SHADES) - 1)]
    strip = ["·"] * 21
    for place in range(round(cell.low * 20), round(cell.high * 20) + 1):
        strip[place] = "─"
    strip[round(cell.leniency * 20)] = "◆"
    return said(
        f"{pad(cell.auditor, NAME)} {shade * 2} {cell.leniency:.2f} ",
        ("".join(strip), "$tone-verdict"),
        f" {cell.low:.2f}–{cell.high:.2f}  n={cell.n}",
    )
