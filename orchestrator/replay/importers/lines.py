"""JSON Lines: one value a line, or several on it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from itertools import chain, count
from typing import Any, NamedTuple

from orchestrator.replay.importers.records import (
    CHUNK,
    DECODER,
    Broken,
    Record,
    say_above,
    say_invalid,
    skip_blank,
)


def read_lines(stream: BufferedReader[Any], limit: int, by_line: bool) -> Iterator[Record | Broken]:
    """Return the values of every line; a value alone in its file is number 0 unless `by_line`."""
    lines = _split_lines(stream, limit)
    first, second = next(lines, None), next(lines, None)
    alone = second is None and not by_line
    for line in chain(filter(None, (first, second)), lines):
        number = 0 if alone else line.at + 1
        if line.text is None:
            yield Broken(number, f"line {line.at + 1}: is {say_above(limit)}")
        else:
            yield from _read_line(line.at, number, line.text)


def _split_lines(stream: BufferedReader[Any], limit: int) -> Iterator[_Line]:
    for at in count():
        line = stream.readline(limit + 1)
        if not line:
            return
        if len(line) > limit and not line.endswith(b"\n"):
            while (part := stream.readline(CHUNK)) and not part.endswith(b"\n"):
                pass
            yield _Line(at, None)
        elif not line.isspace():
            yield _Line(at, line)


def _read_line(at_line: int, number: int, line: bytes) -> Iterator[Record | Broken]:
    place = f"line {at_line + 1}: "
    try:
        text = line.rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError as error:
        yield Broken(number, f"{place}is not UTF-8 text (byte {error.start})")
        return
    at, end = skip_blank(text, 0), len(text)
    while at < end:
        start = at
        try:
            data, at = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield Broken(number, f"{place}{say_invalid(error, column=True)}")
            return
        yield Record(at_line, number, place, data, at - start)
        at = skip_blank(text, at)


class _Line(NamedTuple):
    at: int
    text: bytes | None
    """None where it is above the limit."""
