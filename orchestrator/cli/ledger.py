"""`crossaudit verify`, `export` and `ledger`: whether the record is whole, and copies of it."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from orchestrator.cli.command import Command, Exit, Group
from orchestrator.cli.options import complete_runs, json_option, with_config
from orchestrator.cli.plain import safe
from orchestrator.cli.progress import show_progress
from orchestrator.ledger.derived import rebuild as rebuild_tables
from orchestrator.ledger.export import export_run, verify_export
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.verification import CHAIN_INTACT, ChainReport, verify_ledger, verify_run

if TYPE_CHECKING:
    from orchestrator.config import LedgerConfig, Loaded

LISTED = 20
"""Above this many runs, those that are good are counted, not listed."""
_SQLITE = b"SQLite format 3\0"


@click.command(
    cls=Command,
    examples=[
        "crossaudit verify                    # every run in the ledger",
        "crossaudit verify 3f2a               # one run, by the beginning of its id",
        "crossaudit verify run.jsonl          # an export, or another ledger file",
        "crossaudit verify --witness /mnt/elsewhere/witness.jsonl",
    ],
)
@click.argument("what", metavar="[RUN|FILE]", required=False, shell_complete=complete_runs)
@click.option(
    "--witness", metavar="FILE|URL", help="What was told of every checkpoint at the time."
)
@json_option
@with_config(ledger=True)
def verify(loaded: Loaded, what: str | None, witness: str | None, as_json: bool) -> Exit:
    """Check that nobody changed the record, and say what kind of proof there is.

    "chain intact" finds accidents; whoever can write the ledger could hash it anew. "signed to
    event N" needs the key outside the ledger, "matches witness" what was told to somebody else.
    Exit code 1 says that an event is bad; the first one is named.
    """
    reports = _check(what, loaded.config.ledger, witness)
    broken = [report for report in reports if report.first_bad is not None]
    if as_json:
        for report in reports:
            click.echo(json.dumps(report._asdict()))
    else:
        for report in reports if len(reports) <= LISTED else broken:
            click.echo(_say(report))
        if len(reports) != 1:
            click.echo(_sum_up(reports))
    return Exit.FAILED if broken else Exit.OK


@click.command(
    cls=Command,
    examples=[
        "crossaudit export 3f2a --out run.jsonl",
        "crossaudit export 3f2a 71c0 | gzip > two-runs.jsonl.gz",
        "crossaudit verify run.jsonl          # anybody can check it",
    ],
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@click.option(
    "--out",
    type=click.File("wb", atomic=True),
    default="-",
    help="File to write; else standard output.",
)
@with_config(ledger=True)
def export(loaded: Loaded, runs: tuple[str, ...], out: BinaryIO) -> Exit:
    """Write runs as JSON Lines, each event in the exact bytes that were hashed.

    RUN is the beginning of a run's id.
    """
    if out.isatty():
        raise click.UsageError("an export is for a file or a program: add --out FILE or a pipe")
    worst = Exit.OK
    with closing(Reader(loaded.config.ledger.path)) as reader:
        for run in [_find(reader, name) for name in runs]:
            report = export_run(reader, run, out, keys=Keys())
            if report.first_bad is not None:
                click.echo(f"crossaudit: {_say(report)}; written as it is, unsigned", err=True)
                worst = Exit.FAILED
    return worst


@click.group(cls=Group, examples=["crossaudit ledger rebuild"])
def ledger() -> None:
    """Maintain the ledger."""


@ledger.command(
    examples=["crossaudit ledger rebuild", "crossaudit ledger rebuild --ledger old.db --json"]
)
@json_option
@with_config(ledger=True)
def rebuild(loaded: Loaded, as_json: bool) -> None:
    """Make the tables of runs, verdicts, decisions and approvals anew from the events.

    The events are not touched; a run that is being recorded meanwhile waits.
    """
    path = loaded.config.ledger.path
    with closing(Reader(path)) as reader:
        count = sum(row.events for row in reader.runs())
    with (
        closing(Ledger.open(path, create=False)) as opened,
        show_progress(count, "rebuilding") as bar,
    ):
        rebuilt = rebuild_tables(opened, bar.update)
    if as_json:
        click.echo(json.dumps({"ledger": opened.location, "events": rebuilt}))
    else:
        click.echo(f"{safe(opened.location)}: tables made anew from {rebuilt} events")


def _check(what: str | None, settings: LedgerConfig, witness: str | None) -> list[ChainReport]:
    """Return a report for each run asked for: those of a file, the one named, or all."""
    file = Path(what) if what and Path(what).is_file() else None
    if file and not _is_ledger(file):
        if witness:
            raise click.UsageError("a witness tells of runs in a ledger, not of an exported file")
        return verify_export(file, keys=Keys())
    witness = witness or settings.witness
    with closing(Reader(file or settings.path)) as reader:
        if what and not file:
            return [verify_run(reader, _find(reader, what), keys=Keys(), witness=witness)]
        reports = []
        with show_progress(len(reader.run_ids()), "verifying") as bar:
            for report in verify_ledger(reader, keys=Keys(), witness=witness):
                reports.append(report)
                bar.update(1)
        return reports


def _is_ledger(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _find(reader: Reader, name: str) -> str:
    """Return the one run that begins so, asking the events: the table of runs may be wrong."""
    found = [run for run in reader.run_ids() if run.startswith(name)]
    return found[0] if len(found) == 1 else name


def _say(report: ChainReport) -> str:
    if report.first_bad is not None:
        return f"{safe(report.run)}: event {report.first_bad} is bad: {safe(report.why)}"
    proof = report.proof if report.proof == CHAIN_INTACT else f"{CHAIN_INTACT}, {report.proof}"
    why = f" ({safe(report.why)})" if report.why else ""
    return f"{safe(report.run)}: {report.events} events: {proof}{why}"


def _sum_up(reports: list[ChainReport]) -> str:
    """Count runs by the kind of proof: `signed to event N` is one kind for every N."""
    kinds = Counter(report.proof.split(" to event ")[0] or "BROKEN" for report in reports)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return f"{len(reports)} runs: {counts or 'nothing to check'}"
