"""The first values of a file, enough to tell its format, even where it is cut short."""

from __future__ import annotations

import io
import json
from itertools import islice

from orchestrator.replay.importers.layout import read_records
from orchestrator.replay.importers.records import HEAD, Record

ARCHIVE = b"PK\x03\x04"
_SAMPLE = 20


def read_head(start: bytes) -> list[object]:
    """Return the first values in the first bytes of a file.

    Those of an archive are its bytes; a value that goes on behind them is closed where they end.
    """
    if start.startswith(ARCHIVE):
        return [start]
    records = read_records(io.BufferedReader(io.BytesIO(start), HEAD), HEAD)
    found = [r.data for r in islice(records, _SAMPLE) if isinstance(r, Record)]
    if found:
        return found
    mended = mend(start.decode("utf-8-sig", "replace").lstrip())
    return mended[:_SAMPLE] if isinstance(mended, list) else [mended]


def mend(text: str) -> object:
    """Return the JSON value `text` begins with, without what was cut off; None where none is."""
    closers: list[str] = []
    in_string = escaped = False
    cut = 0  # behind the last bracket or before the last comma: what is open there, still is
    for at, mark in enumerate(text):
        if in_string:
            in_string = escaped or mark != '"'
            escaped = mark == "\\" and not escaped
        elif mark == '"':
            in_string = True
        elif mark == ",":
            cut = at
        elif mark in "{[":
            closers.append("}" if mark == "{" else "]")
            cut = at + 1
        elif mark in "}]":
            cut = at + 1
            if len(closers) < 2:
                return _load(text[:cut])
            closers.pop()
    return _load(text[:cut] + "".join(reversed(closers)))


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
