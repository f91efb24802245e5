"""`crossaudit graph [RUNS]`: what recorded runs are evidence of."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import complete_runs, json_option, with_config
from orchestrator.cli.plain import count, pad, safe

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.ledger.reader import Reader
    from orchestrator.replay.observing import Observed


@click.command(
    cls=Command,
    examples=[
        "crossaudit graph findings                # or, in short: crossaudit graph",
        "crossaudit graph 20261101 20261102       # runs whose ids begin so",
        "crossaudit graph --json | jq '.findings[] | select(.status == \"alarm\")'",
        "crossaudit graph --dot | dot -Tsvg > graph.svg",
    ],
)
@click.argument("runs", nargs=-1, shell_complete=complete_runs)
@json_option
@click.option("--dot", is_flag=True, help="Write the graph for Graphviz.")
@click.option("--graphml", is_flag=True, help="Write the graph as GraphML.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE",
              help="Write findings and pictures to one file that needs nothing else.")  # fmt: skip
@with_config(ledger=True)
def findings(
    loaded: Loaded, runs: tuple[str, ...], as_json: bool, dot: bool, graphml: bool,
    html: Path | None,
) -> None:  # fmt: skip
    """Say what recorded runs are evidence of: leniency and dependence among auditors and agents.

    RUNS are ids of runs or beginnings of them; without any, the whole ledger counts.
    """
    if sum((as_json, dot, graphml, html is not None)) > 1:
        raise click.UsageError("--json, --dot, --graphml and --html exclude each other")
    with closing(_open(loaded)) as reader:
        observed = observe(reader, runs)
    if as_json:
        click.echo(json.dumps(as_facts(observed)))
    elif dot or graphml:
        from orchestrator.collusion.formats import write_dot, write_graphml

        click.echo((write_dot if dot else write_graphml)(observed.engine.graph(), safe))
    elif html:
        from orchestrator.cli.graph.page import write_page

        html.write_text(write_page(observed), encoding="utf-8")
        click.echo(f"written to {safe(str(html))}")
    else:
        for line in _lines(observed):
            click.echo(line)


def observe(reader: Reader, prefixes: Collection[str]) -> Observed:
    """Return the graph of the runs whose ids begin so, or of the whole ledger.

    StoreError where a beginning fits no run.
    """
    from orchestrator.errors import StoreError
    from orchestrator.replay.observing import rebuild

    chosen = {run for run in reader.run_ids() if run.startswith(tuple(prefixes))}
    for prefix in prefixes:
        if not any(run.startswith(prefix) for run in chosen):
            raise StoreError(
                f"no run {prefix!r} in {reader.location}; `crossaudit runs` lists them"
            )
    return rebuild(reader, chosen if prefixes else ())


def as_facts(observed: Observed) -> dict[str, object]:
    """Return everything a program may want to know, with events as `RUN:SEQ`."""
    from orchestrator.replay.graph import kind_of_test, name_finding

    state = observed.engine.state
    found = []
    for finding in observed.engine.findings():
        events = [observed.observer.name(number) for number in finding.events]
        test = kind_of_test(finding)
        more = {"events": events, "id": name_finding(finding), "test": test}
        found.append({**finding.as_dict(), **more})
    return {
        "version": 1,
        "runs": len(observed.observer.runs),
        "votes": int(state.logged),
        "auditors": list(state.auditors),
        "agents": list(state.agents),
        "findings": found,
    }


def summarise(observed: Observed) -> str:
    """Say on what the findings rest."""
    state = observed.engine.state
    runs, votes = count(len(observed.observer.runs), "run"), f"{state.logged:,} votes"
    auditors, agents = count(len(state.auditors), "auditor"), count(len(state.agents), "agent")
    return f"{runs}, {votes} and canary verdicts of {auditors} on {agents}"


def _open(loaded: Loaded) -> Reader:
    from orchestrator.ledger.reader import Reader

    return Reader(loaded.config.ledger.path)


def _lines(observed: Observed) -> Iterator[str]:
    from orchestrator.replay.graph import NOT_INTENT, PATTERNS, kind_of_test

    yield summarise(observed)
    yield ""
    yield f"{'':5}{'PATTERN':26}{'STATUS':15}{'E-VALUE':9}{'N':6}MEMBERS, EFFECT, TEST"
    untested: list[str] = []
    for finding in observed.engine.findings():
        if finding.status == "not identified":
            name = PATTERNS[finding.pattern]
            untested.append(f"  {pad(finding.pattern, 5)}{name}: {finding.says}")
            continue
        members = " and ".join(safe(name, 40) for name in finding.members)
        status = "ALARM" if finding.status == "alarm" else finding.status
        yield (
            f"{pad(finding.pattern, 5)}{pad(PATTERNS[finding.pattern], 26)}{pad(status, 15)}"
            f"{pad(f'{finding.e_value or 0:.3g}', 9)}{pad(str(finding.n), 6)}"
            f"{members}  {finding.effect or 0:+.2f} [{finding.low or 0:+.2f} "
            f"{finding.high or 0:+.2f}], {kind_of_test(finding)}"
        )
    if untested:
        yield ""
        yield "not identified:"
        yield from untested
    yield ""
    yield NOT_INTENT
    yield "an innocent auditor ever reaches an e-value of 20 with a chance of at most 1 in 20"
