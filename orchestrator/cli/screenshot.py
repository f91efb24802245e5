"""`crossaudit screenshot`: the screen as an SVG file, of a run that is over."""

from __future__ import annotations

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
    ],
)
@click.argument("what", metavar="RUN|FILE", shell_complete=complete_runs)
@with_config(ledger=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The file to write.")  # fmt: skip
@click.option("--event", type=click.IntRange(min=0), help="The event to choose; else the last.")
@click.option("--size", default="120x34", show_default=True, help="Columns x lines.")
@click.option("--theme", metavar="NAME", help="Colours; else what the configuration says.")
def screenshot(
    loaded: Loaded, what: str, out: Path, event: int | None, size: str, theme: str | None
) -> None:
    """Write what `crossaudit watch` would show of RUN as an SVG picture."""
    from orchestrator.replay.feed import ExportFeed, LedgerFeed
    from tui.picture import take_picture

    config = loaded.config
    columns = check_size(size)
    if Path(what).is_file():
        exported = ExportFeed(what)
        svg = take_picture(exported, None, event, columns, theme or config.tui.theme)
    else:
        ledger = LedgerFeed(config.ledger.path)
        svg = take_picture(ledger, ledger.find(what), event, columns, theme or config.tui.theme)
    out.write_text(svg, "utf-8")
    click.echo(f"written to {safe(str(out))}")
