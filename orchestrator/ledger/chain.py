"""The hash chain of one run: each event's hash covers the one before it and its own exact bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from orchestrator.clock import Clock, SystemClock
from orchestrator.domain.event import Event, Fact

GENESIS = bytes(32)
"""What the first event's hash stands on."""


class StoredEvent(NamedTuple):
    """An event as it is kept; everything but `body` and `hash` repeats what `body` says."""

    run: str
    seq: int
    at: datetime
    kind: str
    body: bytes
    """The JSON of the `Event`: these bytes are hashed, stored and exported, never others."""
    hash: str
    """Lower-case hex of SHA-256(hash of the event before, as bytes + body)."""


class Chain:
    """Turn facts into the next events of a run; pure but for reading the clock."""

    def __init__(self, run: str, clock: Clock | None = None) -> None:
        self.run = run
        self.count = 0
        self.broken = ""
        """Why nothing may follow: set by whoever could not store what this chain made."""
        self._clock = clock or SystemClock()
        self._head = GENESIS

    @property
    def head(self) -> str:
        """Return the hash of the last event as hex; of none, zeros."""
        return self._head.hex()

    def extend(
        self, facts: Sequence[Fact], at: datetime | None = None
    ) -> list[tuple[Event, StoredEvent]]:
        """Append `facts`, all of them or, if one cannot be written as JSON, none."""
        at = at or self._clock.now()
        seq, head, links = self.count, self._head, []
        for fact in facts:
            event = Event(run=self.run, seq=seq, at=at, fact=fact)
            body = event.model_dump_json().encode()
            head = link(head, body)
            links.append((event, StoredEvent(self.run, seq, at, fact.kind, body, head.hex())))
            seq += 1
        self.count, self._head = seq, head
        return links


def link(head: bytes, body: bytes) -> bytes:
    """Return the hash of an event with this `body` that follows one whose hash is `head`."""
    return sha256(head + body).digest()


def opening(run: str, seq: int) -> bytes:
    """Return the bytes that the body of event `seq` of `run` begins with."""
    return b'%b%d,"at":"' % (_start(run), seq)


@lru_cache(16)
def _start(run: str) -> bytes:
    return f'{{"run":{json.dumps(run, ensure_ascii=False)},"seq":'.encode()


def read_label(body: bytes, run: str, seq: int) -> tuple[str, str]:
    """Return time and kind as `body` states them; empty where it is not event `seq` of `run`."""
    start = opening(run, seq)
    if not body.startswith(start):
        return "", ""
    at, _, rest = body[len(start) : len(start) + 100].partition(b'","fact":{"kind":"')
    kind, ended, _ = rest.partition(b'"')
    return (at.decode("ascii", "replace"), kind.decode("ascii", "replace")) if ended else ("", "")


def write_time(at: datetime) -> str:
    """Return `at` as it stands in a body."""
    return at.isoformat().replace("+00:00", "Z")
