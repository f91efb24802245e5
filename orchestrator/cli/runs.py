"""`crossaudit runs` and `crossaudit show`: what is in the ledger, read only."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import complete_runs, json_option, with_config
from orchestrator.cli.plain import pad, safe
from orchestrator.ledger.reader import Reader

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.domain.event import Event
    from orchestrator.ledger.tables import RunRow

WIDE = 160
"""Columns where no terminal says how many it has."""


@click.command(
    cls=Command,
    examples=[
        "crossaudit runs",
        "crossaudit runs --limit 3",
        "crossaudit runs --json | jq -r 'select(.denied > 0) | .run'",
    ],
)
@click.option("--limit", type=click.IntRange(min=1), help="Show only the newest.")
@json_option
@with_config(ledger=True)
def runs(loaded: Loaded, limit: int | None, as_json: bool) -> None:
    """List recorded runs, newest first.

    The decisions are those judged; under a profile that holds nothing, all were allowed.
    """
    with closing(Reader(loaded.config.ledger.path)) as reader:
        rows = reader.runs()[:limit]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.model_dump(mode="json")))
    elif not rows:
        click.echo(f"no runs yet in {safe(reader.location)}; 'crossaudit demo' records one")
    else:
        _write_table([_HEAD, *map(_cells, rows)])


@click.command(
    cls=Command,
    examples=[
        "crossaudit show 3f2a            # a run, by the beginning of its id",
        "crossaudit show 3f2a:17         # one event, whole",
        "crossaudit show 3f2a --json | jq 'select(.fact.kind == \"decided\")'",
    ],
)
@click.argument("what", metavar="RUN|EVENT", shell_complete=complete_runs)
@json_option
@with_config(ledger=True)
def show(loaded: Loaded, what: str, as_json: bool) -> None:
    """Show a run step by step, or one event whole.

    RUN is the beginning of a run's id, EVENT is RUN:NUMBER as the list of a run numbers them. What
    models wrote is shown with control characters as escapes.
    """
    with closing(Reader(loaded.config.ledger.path)) as reader:
        one = ":" in what
        events = [reader.event(what)] if one else reader.events(reader.find_run(what).run)
        if as_json:
            for event in events:
                click.echo(json.dumps(event.model_dump(mode="json")))
        elif one:
            _write_whole(*events)
        else:
            _tell(events)


_HEAD = (
    "RUN", "AGENT", "OPENED (UTC)", "STATE", "TURNS", "ALLOW", "MODIFY", "ESCALATE", "DENY",
    "BYPASS", "TASK",
)  # fmt: skip
_WIDEST = (100, 16, 16, 10, 5, 5, 6, 8, 5, 6)


def _cells(row: RunRow) -> tuple[str, ...]:
    counts = (row.turns, row.allowed, row.modified, row.escalated, row.denied + row.terminated)
    return (
        row.run,
        row.agent,
        f"{row.opened:%Y-%m-%d %H:%M}",
        row.how or "open",
        *map(str, counts),
        str(row.bypassed),
        row.task or row.source or "",
    )


def _write_table(rows: list[tuple[str, ...]]) -> None:
    """Print columns as wide as their content, and the last one in what room is left."""
    safe_rows = [
        [safe(cell, cells) for cell, cells in zip(row, _WIDEST, strict=False)] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*safe_rows, strict=True)]
    left = max(_columns() - sum(widths) - 2 * len(widths), 12)
    for row, cells in zip(rows, safe_rows, strict=True):
        padded = [pad(cell, width) for cell, width in zip(cells, widths, strict=True)]
        click.echo("  ".join([*padded, safe(row[-1], left)]).rstrip())


def _tell(events: Iterable[Event]) -> None:
    """Print what each event says, numbered; as it is where the narrator has nothing to say."""
    from orchestrator.cli.narrator import Narrator

    lines: list[str] = []
    narrator = Narrator(lines.append, show_words=True)
    for event in events:
        narrator.tell(event)
        for place, line in enumerate(lines or [_bare(event)]):
            click.echo(f"{'' if place else event.seq:>5}  {line}")
        lines.clear()


def _bare(event: Event) -> str:
    data = event.fact.model_dump(mode="json", exclude={"kind"})
    text = json.dumps(data, ensure_ascii=False)
    return safe(f"· {event.fact.kind}  {text}", max(_columns() - 7, 20))


def _write_whole(event: Event) -> None:
    text = json.dumps(event.model_dump(mode="json"), indent=2, ensure_ascii=False)
    click.echo("\n".join(map(safe, text.split("\n"))))


def _columns() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE
