"""`crossaudit graph explain`: one finding, its events, and what would refute it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command
from orchestrator.cli.graph.live import observe
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import safe
from orchestrator.errors import CrossauditError

if TYPE_CHECKING:
    from orchestrator.collusion.findings import Finding
    from orchestrator.config import Loaded
    from orchestrator.ledger.reader import Reader
    from orchestrator.replay.observing import Observed


@click.command(
    cls=Command,
    examples=[
        "crossaudit graph explain P1                  # the findings of a pattern",
        "crossaudit graph explain P2:auditor-3:clerk  # one",
    ],
)
@click.argument("finding")
@click.option("--run", "runs", multiple=True, help="Only runs whose ids begin so; repeatable.")
@with_config(ledger=True)
def explain(loaded: Loaded, finding: str, runs: tuple[str, ...]) -> None:
    """Say what a finding rests on, event by event, and what would refute it.

    FINDING is a pattern, or a pattern and its members as `graph --json` gives them in `id`.
    """
    from orchestrator.ledger.reader import Reader
    from orchestrator.replay.graph import name_finding

    with closing(Reader(loaded.config.ledger.path)) as reader:
        observed = observe(reader, runs)
        found = [
            one for one in observed.engine.findings() if finding in (one.pattern, name_finding(one))
        ]
        if not found:
            raise CrossauditError(f"no finding {finding!r}; `crossaudit graph` lists them")
        for one in found:
            for line in _lines(one, observed, reader):
                click.echo(line)


def _lines(finding: Finding, observed: Observed, reader: Reader) -> Iterator[str]:
    from orchestrator.cli.panel_story import tell_panel
    from orchestrator.replay.graph import NOT_INTENT, PATTERNS, kind_of_test

    members = " and ".join(safe(name, 60) for name in finding.members)
    name = f"{finding.pattern} {PATTERNS[finding.pattern]}"
    yield f"{name}: {finding.status}{members and f', {members}'}"
    yield f"  what was tested   {safe(finding.says, 300)}"
    if finding.status == "not identified":
        return
    yield f"  by                {kind_of_test(finding)}"
    yield (
        f"  effect            {finding.effect or 0:+.3f} [{finding.low or 0:+.3f} "
        f"{finding.high or 0:+.3f}], n {finding.n:,}"
    )
    chance = "" if finding.chance is None else (
        f": if innocent, evidence this strong ever comes with a chance of at most "
        f"{finding.chance:.3g}"
    )  # fmt: skip
    yield f"  e-value           {finding.e_value or 0:.4g}{chance}"
    yield f"  refuted by        {finding.would_refute}"
    yield f"  events behind it  {len(finding.events)}, the latest that are kept"
    for number in finding.events:
        event = reader.event(observed.observer.name(number))
        said = [line for _, line in tell_panel(event.fact)]
        yield f"    {event.id}  {said[0] if said else event.fact.kind}"
    yield f"  {NOT_INTENT}"
