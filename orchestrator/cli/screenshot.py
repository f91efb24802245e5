"""`crossaudit screenshot`: the screen as an SVG file, of a run that is over."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import complete_runs, with_config
from orchestrator.cli.plain import safe
from orchestrator.cli.watch import check_size

if TYPE_CHECKING:
    from orchestrator.config import Loaded


@click.command(
    cls=Command,
    examples=[
        "crossaudit screenshot 3f2a --out run.svg",
        "crossaudit screenshot runs/demo/run.jsonl --event 26 --size 120x34 --out demo.svg",
        "crossaudit screenshot 3f2a --find 'word:escalate tool:pay' --out held.svg",
    ],
)
@click.argument("what", metavar="RUN|FILE", shell_complete=complete_runs)
@with_config(ledger=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The file to write.")  # fmt: skip
@click.option("--event", type=click.IntRange(min=0), help="The event to choose; else the last.")
@click.option("--find", metavar="FILTER", help="Choose the first line that a filter chooses.")
@click.option("--size", default="120x34", show_default=True, help="Columns x lines.")
@click.option("--theme", metavar="NAME", help="Colours; else what the configuration says.")
def screenshot(
    loaded: Loaded, what: str, out: Path, event: int | None, find: str | None, size: str,
    theme: str | None,
) -> None:  # fmt: skip
    """Write what `crossaudit watch` would show of RUN as an SVG picture."""
    from orchestrator.replay.feed import ExportFeed, Feed, LedgerFeed
    from orchestrator.replay.projection import parse_filter
    from tui.app import Options
    from tui.picture import take_picture

    if event is not None and find is not None:
        raise click.UsageError("--event and --find exclude each other")
    tui = loaded.config.tui
    options = Options(theme=theme or tui.theme, is_ascii=tui.glyphs == "ascii")
    columns = check_size(size)
    try:
        at = event if find is None else parse_filter(find)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    feed: Feed
    if Path(what).is_file():
        feed = ExportFeed(what)
    else:
        feed = ledger = LedgerFeed(loaded.config.ledger.path)
        options = options._replace(run=ledger.find(what))
    with closing(feed):
        svg = take_picture(feed, options, at, columns)
    out.write_text(svg, "utf-8")
    click.echo(f"written to {safe(str(out))}")
