"""`crossaudit prompts`: take prompts elsewhere, and bring the replies back as a cassette."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from orchestrator.cli.command import Exit, Group
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import safe
from orchestrator.cli.progress import track
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.config import AuditorConfig, Config, Loaded
    from orchestrator.models.client import ModelClient, Request
    from orchestrator.replay.batch import Found


@click.group(cls=Group, examples=["crossaudit prompts export runs/demo --out prompts.jsonl"])
def prompts() -> None:
    """Ask models elsewhere: on another machine, in a batch, or a person."""


@prompts.command(
    examples=[
        "crossaudit prompts export recorded/ --out prompts.jsonl",
        "crossaudit prompts export recorded/ --replies replies.jsonl --out more.jsonl",
    ]
)
@with_config(profile=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write.")
@click.option(
    "--replies",
    type=click.Path(exists=True, path_type=Path),
    help="Cassette of replies so far; what they already answer is not asked again.",
)
@click.option("--format", "format_", metavar="NAME", help="The format of the runs.")
def export(
    loaded: Loaded, paths: tuple[Path, ...], out: Path, replies: Path | None, format_: str | None
) -> int:
    """Write every prompt the panel would send for the runs at PATHS, as JSON Lines.

    A line holds hash, auditor, look, round, schema and messages. Answer each with a line
    {"hash": ..., "reply": {...}} or {"hash": ..., "text": "..."}, then judge with
    'crossaudit replay --replies'. Who is asked next depends on the answers: export again with
    --replies until nothing is missing.
    """
    from orchestrator.models.cassette import export as write
    from orchestrator.replay.importers import find_runs

    limit = loaded.config.limits.record_mib * 1024 * 1024
    found = find_runs(paths, format=format_, limit_bytes=limit)
    with track(found, "reading") as runs:
        missing, unreadable = anyio.run(_collect, runs, loaded.config, replies)
    count = write(missing, out)
    again = f"; answer them and export again with --replies {safe(str(replies or 'FILE'))}"
    click.echo(f"{count} prompts in {safe(str(out))}" + (again if count else ": nothing missing"))
    for item in unreadable:
        click.echo(f"crossaudit: {item}", err=True)
    return Exit.FAILED if unreadable else Exit.OK


async def _collect(
    found: Iterable[Found], config: Config, replies: Path | None
) -> tuple[list[Request], list[str]]:
    """Return the requests that no reply answers, and what could not be read."""
    from orchestrator.clock import SystemClock
    from orchestrator.models.cassette import Recorded
    from orchestrator.models.connect import read_spec, vendor_of
    from orchestrator.panel.members import build_members
    from orchestrator.replay.player import Player
    from orchestrator.replay.recording import Unreadable

    clients: list[Recorded] = []

    def connect(entry: AuditorConfig) -> ModelClient:
        client = Recorded(
            None, replies or os.devnull, vendor=vendor_of(entry), model=read_spec(entry)[1]
        )
        clients.append(client)
        return client

    members = build_members(config, SystemClock(), connect=connect)
    if not members:
        raise ConfigError(
            "no auditor is a model, so there is nothing to ask: add [[auditors]] with `model`"
        )
    player = Player(config, models=members)
    unreadable: list[str] = []
    for place, item in enumerate(found):
        if not isinstance(item, Unreadable):
            await player.play(item, place)
        elif item.known_format:
            unreadable.append(f"{safe(item.file)}: {safe(item.why, 200)}")
    return [request for client in clients for request in client.missing], unreadable
