"""Answers that come as a stream of server-sent events, read as what is on the wire.

The SDKs' own streams end without an error where an answer is cut off, and build typed objects
that may be empty; here an event is the JSON it came as, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from typing import Any, Protocol

import anyio

from orchestrator.models.faults import Garbled
from orchestrator.models.fields import as_dict

_DRAIN_S = 0.05


class Joined(Protocol):
    """The pieces of a stream, put together to what an answer in one piece looks like."""

    done: bool
    """Whether the last event of a whole answer was seen."""

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event."""
        ...

    def result(self) -> dict[str, Any]:
        """Return the answer, with `streamed` set; what never came is missing in it."""
        ...


async def receive(opening: Any, joined: Joined) -> dict[str, Any]:
    """Return the answer of a streamed request; `opening` is the SDK's unopened response.

    An endpoint that answers in one piece all the same is read so.
    """
    async with opening as response:
        if "event-stream" not in response.headers.get("content-type", ""):
            return as_dict(json.loads(await response.read()))
        async with aclosing(response.http_response.aiter_bytes()) as pieces:
            await _join(pieces, joined)
        return joined.result()


async def _join(pieces: AsyncIterator[bytes], joined: Joined) -> None:
    reader = EventReader()
    async for piece in pieces:
        for event in reader.feed(piece):
            try:
                joined.add(event)
            except (TypeError, KeyError, AttributeError, ValueError) as error:
                raise Garbled(f"an event that makes no sense: {error}") from error
        if joined.done:
            break
    # A connection that is read to its end is used again; what comes now does not matter.
    with anyio.move_on_after(_DRAIN_S), suppress(Exception):
        async for _ in pieces:
            pass


class EventReader:
    """Cut a stream of bytes into events: the JSON object of each, `[DONE]` left out."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """Yield the events that `piece` ends."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                text, self._data = b"\n".join(self._data), []
                if text.strip() != b"[DONE]":
                    yield as_dict(json.loads(text))
