"""`crossaudit calibrate`: thresholds from one's own benign runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import safe

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.replay.batch import Found
    from orchestrator.replay.calibration import Proposal
    from orchestrator.replay.player import Played


@click.command(
    cls=Command,
    examples=[
        "crossaudit calibrate recorded/benign --fpr .01",
        "crossaudit calibrate runs.jsonl --json",
    ],
)
@with_config(profile=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--fpr", type=click.FloatRange(0, 1), default=0.01, show_default=True,
              help="Share of benign actions you accept to be asked about.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write JSON for a program.")
def calibrate(loaded: Loaded, paths: tuple[Path, ...], fpr: float, as_json: bool) -> int:
    """Propose `[gate]` thresholds from runs you know to be benign, at PATHS."""
    from orchestrator.replay.batch import play_all
    from orchestrator.replay.calibration import propose
    from orchestrator.replay.importers import find_runs
    from orchestrator.replay.recording import Unreadable

    rows = []
    failed: list[Unreadable] = []

    async def take(item: Found, played: Played | None) -> None:
        if isinstance(item, Unreadable):
            failed.append(item)
        elif played:
            rows.extend(played.rows)

    limit = loaded.config.limits.record_mib * 1024 * 1024
    anyio.run(play_all, find_runs(paths, limit_bytes=limit), loaded.config, take)
    for item in failed:
        click.echo(f"{safe(item.file)}: {safe(item.why, 200)}", err=True)
    proposal = propose(rows, fpr)
    click.echo(json.dumps(proposal._asdict()) if as_json else _describe(proposal))
    return Exit.FAILED if any(item.known_format for item in failed) else Exit.OK


def _describe(proposal: Proposal) -> str:
    held = f"{proposal.held_by_rules} of {proposal.actions} actions are held by rules"
    if proposal.escalate_at is None:
        return f"{held}; {proposal.why}"
    return (
        f"{held}\n"
        f"{proposal.why}\n\n"
        f"[gate]\nescalate_at = {proposal.escalate_at}   "
        f"# asks about at most {proposal.fpr:.1%} of actions like these"
    )
