"""Batches of the providers, beside a cassette: fetch what is ready, send what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import anyio
import click

from orchestrator.cli.plain import count, safe
from orchestrator.config import AuditorConfig, Config
from orchestrator.models.batch import Progress, collect, submit
from orchestrator.models.client import Request

PAUSE_SECONDS = 60.0
Find = Callable[[], Awaitable[Mapping[str, Sequence[Request]]]]


class Batches:
    """At most one batch of each auditor at a time; their ids lie in a folder by the cassette."""

    def __init__(self, config: Config, replies: Path, find: Find) -> None:
        """`find` returns by auditor what the cassette does not answer yet."""
        self._entries = {one.name: one for one in config.auditors if one.model}
        self._replies = replies
        self._folder = replies.with_name(f"{replies.name}.batches")
        self._find = find

    async def work(self, wait: bool) -> bool:
        """Fetch and send; with `wait` until nothing is missing. Return whether all went well."""
        while True:
            missing = await self._find()
            well = await self._fetch(missing)
            if well:
                missing = await self._find()  # who is asked next depends on the answers
                await self._send(missing)
            under_way = any(self._state(name).exists() for name in self._entries)
            if not under_way or not (wait and well):
                break
            await anyio.sleep(PAUSE_SECONDS)
        if well and not under_way:
            click.echo(
                f"nothing is missing: crossaudit replay --replies {safe(str(self._replies))}"
            )
        elif well:
            click.echo("under way; call this again, or with --wait")
        return well

    async def _fetch(self, missing: Mapping[str, Sequence[Request]]) -> bool:
        well = True
        for name, entry in self._under_way():
            requests = missing.get(name, ())
            progress = await collect(entry, requests, self._state(name), self._replies)
            click.echo(f"{safe(name)}: {_tell(progress)}")
            if progress.ended:
                self._state(name).unlink()
                well = well and bool(progress.recorded or not requests)
        if not well:
            click.echo(
                "a batch ended without one answer that counts; nothing more is sent", err=True
            )
        return well

    async def _send(self, missing: Mapping[str, Sequence[Request]]) -> None:
        for name, requests in missing.items():
            if requests and not self._state(name).exists():
                made = await submit(self._entries[name], requests, self._state(name))
                click.echo(
                    f"{safe(name)}: sent {count(len(requests), 'prompt')} as {safe(made.id)}"
                )

    def _under_way(self) -> list[tuple[str, AuditorConfig]]:
        return [one for one in self._entries.items() if self._state(one[0]).exists()]

    def _state(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.json"


def _tell(progress: Progress) -> str:
    if not progress.ended:
        return safe(progress.status or "under way", 40)
    failures = ", ".join(f"{number} {safe(why, 40)}" for why, number in progress.failures.items())
    said = f"{safe(progress.status, 40)}, {count(progress.recorded, 'answer')} recorded"
    return said + (f", to be asked again: {failures}" if failures else "")
