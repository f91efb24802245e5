"""Split a file into JSON values, holding no more than one of them.

A file is lines of JSON, one array, or objects written over several lines. What is broken or above
the limit is reported in its place and passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, Literal, TypeAlias

from orchestrator.replay.importers.elements import Elements
from orchestrator.replay.importers.lines import read_lines
from orchestrator.replay.importers.records import HEAD, Broken, Record

BOM = b"\xef\xbb\xbf"

Layout: TypeAlias = Literal["lines", "array", "objects"]


def read_records(
    stream: BufferedReader[Any], limit: int, *, by_line: bool = False
) -> Iterator[Record | Broken]:
    """Return the JSON values of a file opened at its start.

    `by_line` says that the name promises JSON lines, so that a single one counts as line 1.
    """
    head = stream.peek(HEAD)[:HEAD]
    layout = find_layout(head)
    if head.startswith(BOM):
        stream.read(len(BOM))
    if layout == "lines":
        return read_lines(stream, limit, by_line)
    return Elements(stream, limit, in_array=layout == "array").read()


def find_layout(head: bytes) -> Layout:
    """Tell how the JSON values of a file are set, from its first bytes."""
    start = head.removeprefix(BOM).lstrip()
    if start.startswith(b"["):
        return "array"
    lines = [line.strip() for line in start.split(b"\n", 8)[:8] if line.strip()]
    if start.startswith(b"{") and len(lines) > 1:
        return "lines" if _is_complete(lines[0]) or _starts_anew(lines) else "objects"
    return "lines"


def _is_complete(line: bytes) -> bool:
    """Say whether a line is one JSON value, or several."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.msg == "Extra data" and error.doc.startswith("{", error.pos)
    except (ValueError, RecursionError):
        return True
    return True


def _starts_anew(lines: list[bytes]) -> bool:
    """Say whether a first line that is broken is a line by itself, as the second one shows."""
    if not lines[1].startswith(b"{"):
        return False
    if not lines[0].endswith((b"[", b"{", b",", b":")):
        return True
    return _is_complete(lines[1]) and (len(lines) < 3 or lines[2].startswith(b"{"))
