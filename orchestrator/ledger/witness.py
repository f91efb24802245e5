"""A witness: a file or a server elsewhere that is told of every checkpoint as it is made.

Nothing waits for it. What it could not be told is listed in `failures`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from orchestrator.clock import Clock
from orchestrator.domain.event import Checkpoint, Event
from orchestrator.errors import StoreError
from orchestrator.ledger.chain import write_time
from orchestrator.ledger.checkpoint import Statement

TIMEOUT_S = 2.0
CLOSING_S = 5.0
"""How long closing waits for a witness that is slow."""


class Witness:
    """Tell a file (one JSON line a checkpoint) or a URL (one POST a checkpoint)."""

    def __init__(self, where: str, clock: Clock) -> None:
        self.where = where
        self.failures: list[str] = []
        self._clock = clock
        self._teller = ThreadPoolExecutor(max_workers=1, thread_name_prefix="witness")
        self._deadline = float("inf")

    def tell(self, events: Iterable[Event]) -> None:
        """Pass on the checkpoints among `events`; returns at once."""
        for event in events:
            if isinstance(event.fact, Checkpoint):
                self._teller.submit(self._tell, event, event.fact)

    def close(self) -> None:
        """Wait for what is under way, at most about `CLOSING_S`."""
        self._deadline = self._clock.monotonic() + CLOSING_S
        self._teller.shutdown(wait=True)

    def _tell(self, event: Event, fact: Checkpoint) -> None:
        line = {
            "run": event.run,
            "length": fact.count,
            "head": fact.head,
            "key": fact.key,
            "signature": fact.signature,
            "at": write_time(event.at),
        }
        try:
            if self._clock.monotonic() > self._deadline:
                raise TimeoutError("not reached before the ledger was closed")
            (_post if is_url(self.where) else _append)(self.where, json.dumps(line).encode())
        except (OSError, ValueError, HTTPException) as error:
            self.failures.append(f"the witness {self.where} was not told of {event.id}: {error}")


def read_witness(where: str, run: str | None = None) -> list[Statement]:
    """Return what the witness was told, of one run or of all.

    A URL is asked with GET, `?run=RUN` for one run, and answers with the lines it was sent.
    Raises StoreError where it cannot be read.
    """
    statements = []
    try:
        for number, line in enumerate(_get(where, run) if is_url(where) else _lines(where), 1):
            if statement := _parse(line, where, number):
                statements.append(statement)
    except (OSError, ValueError, HTTPException) as error:
        raise StoreError(f"the witness {where} cannot be read: {error}") from None
    return [statement for statement in statements if run in (None, statement.run)]


def is_url(where: str) -> bool:
    """Say whether the witness is a server."""
    return where.startswith(("http://", "https://"))


def _append(where: str, line: bytes) -> None:
    descriptor = os.open(where, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _post(where: str, line: bytes) -> None:
    request = Request(where, line, {"Content-Type": "application/json"}, method="POST")
    with urlopen(request, timeout=TIMEOUT_S):
        pass


def _lines(where: str) -> Iterator[bytes]:
    with Path(where).open("rb") as file:
        yield from file


def _get(where: str, run: str | None) -> Iterator[bytes]:
    joint = "&" if "?" in where else "?"
    with urlopen(where + joint + urlencode({"run": run}) if run else where, timeout=10) as answer:
        yield from answer


def _parse(line: bytes, where: str, number: int) -> Statement | None:
    if not line.strip():
        return None
    try:
        data: dict[str, Any] = json.loads(line)
        statement = Statement(data["run"], data["length"], data["head"])
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{where}:{number}: is not a line that a witness was told") from None
    return statement
