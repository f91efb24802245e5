"""What a file is split into: JSON values at their places, and the places that hold none."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

HEAD = 256 * 1024
"""Bytes looked at to tell what a file is."""
CHUNK = 256 * 1024
DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


class Record(NamedTuple):
    """One JSON value at its place in the file."""

    at: int
    """0-based line or element."""
    number: int
    """1-based line of JSON lines, 0-based index in an array, 0 for an object alone in its file."""
    place: str
    """For a sentence about it: `line 7: `, `element 6: `, or nothing."""
    data: Any
    size: int
    """Length of its text in characters."""


class Broken(NamedTuple):
    """A value that could not be read."""

    number: int
    why: str


def skip_blank(text: str, at: int) -> int:
    """Return the index of the next character that is not blank, or the end."""
    end = len(text)
    while at < end and text[at] in _BLANK:
        at += 1
    return at


def say_above(limit: int) -> str:
    """Say what became of a record above the limit, in bytes."""
    return f"above {limit / 2**20:g} MiB and was skipped unread (limits.record_mib raises that)"


def say_invalid(error: Exception, *, column: bool = False) -> str:
    """Say why a value could not be decoded."""
    if isinstance(error, RecursionError):
        return "is nested too deep"
    if isinstance(error, json.JSONDecodeError):
        said = (error.msg[0].lower() + error.msg[1:]).removesuffix(" starting at")
        return f"is not valid JSON ({said}{f' at column {error.colno}' if column else ''})"
    return "holds a number too long to read"
