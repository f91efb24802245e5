"""Answers that come as a stream of server-sent events, read as what is on the wire.

The SDKs' own streams end without an error where an answer is cut off, and build typed objects
that may be empty; here an event is the JSON it came as, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
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
        events = read_events(response.iter_bytes())
        async for event in events:
            try:
                joined.add(event)
            except (TypeError, KeyError, AttributeError, ValueError) as error:
                raise Garbled(f"an event that makes no sense: {error}") from error
            if joined.done:
                break
        # A connection that is read to its end is used again; what comes now does not matter.
        with anyio.move_on_after(_DRAIN_S), suppress(Exception):
            async for _ in events:
                pass
        return joined.result()


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON object of each event up to `[DONE]` or the end."""
    data: list[bytes] = []
    async for line in _lines(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            text, data = b"\n".join(data), []
            if text.strip() == b"[DONE]":
                continue
            yield as_dict(json.loads(text))


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
