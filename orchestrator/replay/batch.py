"""Play many recordings, in order, on one core or several."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import anyio
import anyio.to_process

from orchestrator.config import Config
from orchestrator.ledger.keys import Keys
from orchestrator.replay.player import Played, Player
from orchestrator.replay.recording import Recording, Unreadable

Found: TypeAlias = Recording | Unreadable
Take: TypeAlias = Callable[[Found, Played | None], Awaitable[None]]
"""Told of each thing found and what came of it; None where it could not be read."""

COLLECT_EVERY = 128
"""Recordings between two looks for garbage."""

AT_ONCE = 8
"""Recordings that wait for models at once; turns of one recording follow each other."""

CHUNK = 16
"""Recordings a worker process is handed at once."""


async def play_all(
    found: Iterable[Found],
    config: Config,
    take: Take,
    *,
    workers: int = 1,
    keys: Keys | None = None,
) -> None:
    """Tell `take` what came of each recording, in the order of `found` whatever `workers` is.

    Memory does not grow with the input: a few chunks a worker are under way at once. Where models
    judge, several recordings wait for them at once in one process.
    """
    if workers > 1:
        await _play_in_workers(found, config, take, workers, keys)
        return
    if any(entry.enabled and entry.kind == "model" for entry in config.auditors):
        await _play_at_once(found, Player(config, keys=keys), take)
        return
    player = Player(config, keys=keys)
    with _rare_collections() as collect:
        for place, item in enumerate(found):
            await take(item, await _play(player, item, place))
            if place % COLLECT_EVERY == 0:
                collect()


@contextmanager
def _rare_collections() -> Iterator[Callable[[], object]]:
    """Collect garbage only when the yielded function is called, and never what was there before.

    Played runs are many small values; looking through all of them, and through everything that
    was loaded, again and again took a third of the time.
    """
    was_on = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


async def _play_in_workers(
    found: Iterable[Found], config: Config, take: Take, workers: int, keys: Keys | None
) -> None:
    processes = anyio.CapacityLimiter(workers)
    under_way = anyio.Semaphore(3 * workers)
    turnstile = _Turnstile()

    async def play(place: int, items: list[Found]) -> None:
        outcomes = await anyio.to_process.run_sync(
            play_chunk, items, place * CHUNK, config, keys, cancellable=True, limiter=processes
        )
        await turnstile.wait_for(place)
        for item, played in zip(items, outcomes, strict=True):
            await take(item, played)
        turnstile.advance()
        under_way.release()

    async with anyio.create_task_group() as tasks:
        for place, items in enumerate(_chunks(found)):
            await under_way.acquire()
            tasks.start_soon(play, place, items)


async def _play_at_once(found: Iterable[Found], player: Player, take: Take) -> None:
    under_way = anyio.Semaphore(AT_ONCE)
    turnstile = _Turnstile()

    async def play(place: int, item: Found) -> None:
        played = await _play(player, item, place)
        await turnstile.wait_for(place)
        await take(item, played)
        turnstile.advance()
        under_way.release()

    async with anyio.create_task_group() as tasks:
        for place, item in enumerate(found):
            await under_way.acquire()
            tasks.start_soon(play, place, item)


class _Turnstile:
    """Let numbered tasks through one after the other."""

    def __init__(self) -> None:
        self._next = 0
        self._waiting: dict[int, anyio.Event] = {}

    async def wait_for(self, place: int) -> None:
        if place != self._next:
            await self._waiting.setdefault(place, anyio.Event()).wait()

    def advance(self) -> None:
        self._next += 1
        if event := self._waiting.pop(self._next, None):
            event.set()


_players: dict[str, Player] = {}


def play_chunk(
    items: list[Found], first: int, config: Config, keys: Keys | None
) -> list[Played | None]:
    """Play `items`, whose places begin at `first`, in a worker process.

    The process keeps its compiled rules for the next chunk.
    """
    name = config.model_dump_json()
    if name not in _players:
        _players[name] = Player(config, keys=keys)

    async def play() -> list[Played | None]:
        player = _players[name]
        played = [await _play(player, item, place) for place, item in enumerate(items, first)]
        return [one and one._replace(events=[]) for one in played]

    with _rare_collections() as collect:
        played = anyio.run(play)
        collect()
    return played


async def _play(player: Player, item: Found, place: int) -> Played | None:
    return None if isinstance(item, Unreadable) else await player.play(item, place)


def _chunks(found: Iterable[Found]) -> Iterator[list[Found]]:
    chunk: list[Found] = []
    for item in found:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
