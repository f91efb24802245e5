"""`crossaudit prompts`: take prompts elsewhere, and bring the replies back as a cassette."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

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

    Asked: TypeAlias = dict[str, list[Request]]


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
    count = write([request for requests in missing.values() for request in requests], out)
    again = f"; answer them and export again with --replies {safe(str(replies or 'FILE'))}"
    click.echo(f"{count} prompts in {safe(str(out))}" + (again if count else ": nothing missing"))
    for item in unreadable:
        click.echo(f"crossaudit: {item}", err=True)
    return Exit.FAILED if unreadable else Exit.OK


@prompts.command(
    examples=[
        "crossaudit prompts batch recorded/ --replies replies.jsonl",
        "crossaudit prompts batch recorded/ --replies replies.jsonl --wait",
    ]
)
@with_config(profile=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--replies", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="Cassette the replies go to; what is under way is kept beside it.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Look again every minute until nothing is missing.")
@click.option("--format", "format_", metavar="NAME", help="The format of the runs.")
def batch(
    loaded: Loaded, paths: tuple[Path, ...], replies: Path, wait: bool, format_: str | None
) -> int:
    """Have the panel's prompts for the runs at PATHS answered in batches of the providers.

    A batch costs about half and takes up to a day. Each call of this command fetches what is ready
    and sends what is missing, once: call it again, from any terminal, until nothing is missing,
    then judge with 'crossaudit replay --replies'.
    """
    from orchestrator.cli.batches import Batches
    from orchestrator.replay.importers import find_runs

    limit = loaded.config.limits.record_mib * 1024 * 1024

    async def find() -> Asked:
        found = find_runs(paths, format=format_, limit_bytes=limit)
        so_far = replies if await anyio.Path(replies).exists() else None
        asked, unreadable = await _collect(found, loaded.config, so_far)
        for item in unreadable:
            click.echo(f"crossaudit: {item}", err=True)
        return asked

    done = anyio.run(Batches(loaded.config, replies, find).work, wait)
    return Exit.OK if done else Exit.FAILED


async def _collect(
    found: Iterable[Found], config: Config, replies: Path | None
) -> tuple[Asked, list[str]]:
    """Return by auditor the requests that no reply answers, and what could not be read."""
    from orchestrator.clock import SystemClock
    from orchestrator.models.cassette import Recorded
    from orchestrator.models.connect import read_spec, vendor_of
    from orchestrator.panel.members import build_members
    from orchestrator.replay.player import Player
    from orchestrator.replay.recording import Unreadable

    clients: dict[str, Recorded] = {}

    def connect(entry: AuditorConfig) -> ModelClient:
        client = clients[entry.name] = Recorded(
            None, replies or os.devnull, vendor=vendor_of(entry), model=read_spec(entry)[1]
        )
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
    return {name: client.missing for name, client in clients.items()}, unreadable
