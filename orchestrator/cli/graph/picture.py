"""Two pictures of the graph as SVG: who audits whom, and how lenient each is on each."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.cli.plain import safe, width

if TYPE_CHECKING:
    from orchestrator.replay.graph import Pair, Scene

FONT, CELL = 12, 7.4
"""Height of a letter of the fixed-width font and room for one, in pixels."""
LABEL = 24
"""Letters of a name."""
ROW, GAP = 26, 360
COLUMN = 46
EDGE = 14
LEAN, STRICT, FAINT, ALARM = "#c2410c", "#1d4ed8", "#d4d4d8", "#b91c1c"
FULL = 2.0
"""Leniency, in units of what is usual, from which a colour is at its fullest."""


def draw_bipartite(scene: Scene) -> str:
    """Draw auditors on the left, agents on the right, and a line for each pair that met."""
    left = _room(scene.auditors) + EDGE * 2
    right = left + GAP
    rows = max(len(scene.auditors), len(scene.agents), 1)
    high, wide = rows * ROW + EDGE * 2, right + _room(scene.agents) + EDGE * 2
    most = max((pair.asked for row in scene.pairs for pair in row), default=1) or 1
    parts = []
    for at, row in enumerate(scene.pairs):
        for to, pair in enumerate(row):
            if pair.asked:
                y1, y2 = _y(at, len(scene.auditors), rows), _y(to, len(scene.agents), rows)
                title = f"{scene.auditors[at]} on {scene.agents[to]}: {_tell(pair)}"
                parts.append(
                    f'<line x1="{left:.1f}" y1="{y1:.1f}" x2="{right:.1f}" y2="{y2:.1f}" '
                    f'stroke="{_colour(pair)}" stroke-width="{0.8 + 4 * pair.asked / most:.2f}">'
                    f"<title>{_escape(title)}</title></line>"
                )
    for names, x, anchor, toward in (
        (scene.auditors, left, "end", -EDGE),
        (scene.agents, right, "start", EDGE),
    ):
        for at, name in enumerate(names):
            y = _y(at, len(names), rows)
            fill = ALARM if name in scene.alarmed else "#27272a"
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}"/>')
            parts.append(_text(name, x + toward, y, anchor, fill))
    return _svg(wide, high, "auditors and the agents they judged", parts)


def draw_matrix(scene: Scene) -> str:
    """Draw one cell for each auditor and agent: above zero is lenient, below is strict."""
    left = _room(scene.auditors) + EDGE
    reach = _room(scene.agents)
    top = reach * 0.87 + EDGE  # names stand at 60 degrees
    parts = []
    for to, agent in enumerate(scene.agents):
        x, y = left + (to + 0.5) * COLUMN, top - 6
        fill = ALARM if agent in scene.alarmed else "#27272a"
        parts.append(_text(agent, x, y, "start", fill, f' transform="rotate(-60 {x:.1f} {y:.1f})"'))
    for at, auditor in enumerate(scene.auditors):
        y = top + at * ROW
        fill = ALARM if auditor in scene.alarmed else "#27272a"
        parts.append(_text(auditor, left - 8, y + ROW / 2, "end", fill))
        for to, pair in enumerate(scene.pairs[at]):
            x = left + to * COLUMN
            title = f"{auditor} on {scene.agents[to]}: {_tell(pair)}"
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{COLUMN - 2}" height="{ROW - 2}" '
                f'fill="{_colour(pair)}" fill-opacity="{_strength(pair):.2f}">'
                f"<title>{_escape(title)}</title></rect>"
            )
            if pair.lenient is not None:
                middle = x + (COLUMN - 2) / 2
                shown = f"{max(-99.9, min(99.9, pair.lenient)):+.1f}"
                parts.append(_text(shown, middle, y + ROW / 2 - 1, "middle", "#18181b"))
    wide = left + len(scene.agents) * COLUMN + reach * 0.5 + EDGE
    high = top + len(scene.auditors) * ROW + EDGE
    return _svg(wide, high, "leniency of each auditor on each agent", parts)


def _room(names: Sequence[str]) -> float:
    """Return the pixels that the longest name takes."""
    return CELL * max((width(safe(name, LABEL)) for name in names), default=1)


def _y(at: int, count: int, rows: int) -> float:
    """Return the height of a name: each column is spread over the whole picture."""
    return EDGE + (at + 0.5) * ROW * rows / max(count, 1)


def _tell(pair: Pair) -> str:
    if pair.lenient is None:
        return f"asked {pair.asked} times, never about anything others saw evidence against"
    return f"asked {pair.asked} times, leniency {pair.lenient:+.2f} (a screen, no finding)"


def _colour(pair: Pair) -> str:
    if pair.lenient is None or abs(pair.lenient) < 0.5:
        return FAINT
    return LEAN if pair.lenient > 0 else STRICT


def _strength(pair: Pair) -> float:
    if pair.lenient is None:
        return 0.25 if pair.asked else 0.0
    return 0.15 + 0.45 * min(abs(pair.lenient) / FULL, 1.0)


def _text(name: str, x: float, y: float, anchor: str, fill: str, more: str = "") -> str:
    shown = safe(name, LABEL)
    return (
        f'<text x="{x:.1f}" y="{y + FONT * 0.35:.1f}" text-anchor="{anchor}" fill="{fill}" '
        f'data-cells="{width(shown)}"{more}>{_escape(shown)}</text>'
    )


def _svg(wide: float, high: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" '
        f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{FONT}">'
        + "".join(parts)
        + "</svg>"
    )


def _escape(text: str) -> str:
    return html.escape(safe(text), quote=True)
