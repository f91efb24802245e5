"""The graph as one HTML file that needs nothing else and runs nothing."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from orchestrator.cli.graph.live import summarise
from orchestrator.cli.graph.picture import draw_bipartite, draw_matrix
from orchestrator.cli.plain import safe

if TYPE_CHECKING:
    from orchestrator.collusion.findings import Finding
    from orchestrator.replay.observing import Observed

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; color: #18181b;
  background: #fff; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e4e4e7;
  vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.alarm td:nth-child(2) { color: #b91c1c; font-weight: 600; }
.picture { overflow-x: auto; margin: 1rem 0; }
small { color: #52525b; }
"""


def write_page(observed: Observed) -> str:
    """Return the page; every name of a stranger is escaped, and scripts are forbidden by policy."""
    from orchestrator.replay.graph import NOT_INTENT, find_alarmed, read_scene

    state = observed.engine.state
    findings = observed.engine.findings()
    scene = read_scene(state, find_alarmed(findings))
    tested = [one for one in findings if one.status != "not identified"]
    rest = [one for one in findings if one.status == "not identified"]
    rows = "\n".join(_row(one, observed) for one in tested)
    missing = "".join(f"<li>{_name(one)}: {_escape(one.says)}</li>" for one in rest)
    left_out = (
        f"<p><small>{scene.left_out} with fewer votes are left out of the pictures.</small></p>"
        if scene.left_out
        else ""
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Collusion graph</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style></head><body>
<h1>Collusion graph</h1>
<p>{summarise(observed)}. {NOT_INTENT}</p>
<table><thead><tr><th>pattern<th>status<th>members<th>effect [95 %]<th>n<th>e-value<th>test
<th>events, and what would refute it</thead><tbody>
{rows}</tbody></table>
<h2>Who audited whom</h2>
<p><small>Lines are wider for more calls; orange is lenient, blue is strict; red names are members
of an alarm.</small></p>
<div class="picture">{draw_bipartite(scene)}</div>
<h2>Auditor by agent</h2>
<p><small>Leniency where other auditors saw evidence, with what is usual for auditor and agent taken
off. It chooses what is tested next and is no finding.</small></p>
<div class="picture">{draw_matrix(scene)}</div>{left_out}
<h2>Not identified</h2><ul>{missing}</ul>
</body></html>
"""


def _row(finding: Finding, observed: Observed) -> str:
    from orchestrator.replay.graph import kind_of_test, name_finding

    members = " and ".join(_escape(name, 60) for name in finding.members)
    events = ", ".join(observed.observer.name(number) for number in finding.events)
    effect = f"{finding.effect or 0:+.2f} [{finding.low or 0:+.2f} {finding.high or 0:+.2f}]"
    return (
        f'<tr class="{finding.status}" id="{_escape(name_finding(finding), 200)}"><td>'
        f"{_name(finding)}<td>{finding.status}"
        f'<td>{members}<td class="number">{effect}<td class="number">{finding.n:,}'
        f'<td class="number">{finding.e_value or 0:.3g}<td>{kind_of_test(finding)}'
        f"<td><small>{_escape(events)}<br>refuted by {finding.would_refute}</small></tr>"
    )


def _name(finding: Finding) -> str:
    from orchestrator.collusion.findings import PATTERNS

    return f"{finding.pattern} {PATTERNS[finding.pattern]}"


def _escape(text: str, cells: int | None = None) -> str:
    return html.escape(safe(text, cells), quote=True)
