"""Split a file into JSON values, holding no more than one of them.

A file is lines of JSON, one array, or objects written over several lines. What is broken or above
the limit is reported in its place and passed over.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from itertools import chain, count
from typing import Any, Literal, NamedTuple, TypeAlias

from orchestrator.replay.importers.brackets import Brackets

HEAD = 256 * 1024
"""Bytes looked at to tell what a file is."""
CHUNK = 256 * 1024
BOM = b"\xef\xbb\xbf"
_BLANK = " \t\r\n"
_DECODER = json.JSONDecoder()

Layout: TypeAlias = Literal["lines", "array", "objects"]


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


def read_records(
    stream: io.BufferedReader[Any], limit: int, *, by_line: bool = False
) -> Iterator[Record | Broken]:
    """Return the JSON values of a file opened at its start.

    `by_line` says that the name promises JSON lines, so that a single one counts as line 1.
    """
    head = stream.peek(HEAD)[:HEAD]
    layout = find_layout(head)
    if head.startswith(BOM):
        stream.read(len(BOM))
    if layout == "lines":
        return _read_lines(stream, limit, by_line)
    return _Values(stream, limit, in_array=layout == "array").read()


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


def _read_lines(
    stream: io.BufferedReader[Any], limit: int, by_line: bool
) -> Iterator[Record | Broken]:
    lines = _split_lines(stream, limit)
    first, second = next(lines, None), next(lines, None)
    alone = second is None and not by_line
    for line in chain(filter(None, (first, second)), lines):
        number = 0 if alone else line.at + 1
        if line.text is None:
            yield Broken(number, f"line {line.at + 1}: is {_above(limit)}")
        else:
            yield from _read_line(line.at, number, line.text)


def _split_lines(stream: io.BufferedReader[Any], limit: int) -> Iterator[_Line]:
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
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        yield Broken(number, f"{place}is not UTF-8 text (byte {error.start})")
        return
    at, end = _skip_blank(text, 0), len(text)
    while at < end:
        start = at
        try:
            data, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield Broken(number, f"{place}{_explain(error, column=True)}")
            return
        yield Record(at_line, number, place, data, at - start)
        at = _skip_blank(text, at)


class _Line(NamedTuple):
    at: int
    text: bytes | None
    """None where it is above the limit."""


class _Values:
    """The values of one array, or of objects set one after another, over a moving window."""

    def __init__(self, stream: io.BufferedReader[Any], limit: int, *, in_array: bool) -> None:
        self._stream = stream
        self._limit = limit
        self._in_array = in_array
        self._place = "element {}: " if in_array else ""
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text = ""
        self._at = 0
        self._more = True
        self._dirty = False  # something read so far was not UTF-8
        self._number = -1

    def read(self) -> Iterator[Record | Broken]:
        if self._in_array:
            self._next_character()
            self._at += 1
        while mark := self._next_character():
            if mark == ",":
                self._at += 1
            elif mark == "]" and self._in_array:
                self._at += 1
                self._in_array = False
                if self._next_character():
                    yield self._broken("there is more text after the end of the array")
                return
            else:
                self._number += 1
                yield self._read_value()
        if self._in_array:
            yield self._broken("the array is cut short")

    def _read_value(self) -> Record | Broken:
        while True:
            try:
                data, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._may_go_on(error) and self._grow():
                    continue
                why = _explain(error) if self._may_fit() else f"is {_above(self._limit)}"
                self._pass_value()
                return self._broken(why)
            start, self._at = self._at, end
            if end - start > self._limit:
                return self._broken(f"is {_above(self._limit)}")
            if self._dirty and not _is_utf8(self._text[start:end]):
                return self._broken("is not UTF-8 text")
            number = self._number
            return Record(number, number, self._place.format(number), data, end - start)

    def _next_character(self) -> str:
        while True:
            self._at = _skip_blank(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill(CHUNK):
                return ""

    def _may_go_on(self, error: Exception) -> bool:
        """Say whether more text could mend it: the fault lies where the window ends."""
        return isinstance(error, json.JSONDecodeError) and (
            error.msg.startswith("Unterminated") or error.pos > len(self._text) - 16
        )

    def _may_fit(self) -> bool:
        return len(self._text) - self._at <= self._limit

    def _grow(self) -> bool:
        held = len(self._text) - self._at
        return held <= self._limit and self._fill(min(max(CHUNK, held), self._limit + 1 - held))

    def _fill(self, size: int) -> bool:
        if not self._more:
            return False
        raw = self._stream.read(size)
        self._more = bool(raw)
        text = self._decode(raw, not raw)
        self._dirty = self._dirty or not (text.isascii() or _is_utf8(text))
        self._text = self._text[self._at :] + text
        self._at = 0
        return bool(text) or self._more

    def _pass_value(self) -> None:
        """Move behind a value that cannot be read, by its brackets alone."""
        brackets = Brackets()
        while (end := brackets.find_end(self._text, self._at)) is None:
            self._at = len(self._text)
            if not self._fill(CHUNK):
                return
        self._at = max(end, self._at + 1)

    def _broken(self, why: str) -> Broken:
        number = max(self._number, 0)
        return Broken(number, self._place.format(number) + why)


def _skip_blank(text: str, at: int) -> int:
    end = len(text)
    while at < end and text[at] in _BLANK:
        at += 1
    return at


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _above(limit: int) -> str:
    return f"above {limit / 2**20:g} MiB and was skipped unread (limits.record_mib raises that)"


def _explain(error: Exception, *, column: bool = False) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deep"
    if isinstance(error, json.JSONDecodeError):
        place = f" at column {error.colno}" if column else ""
        return f"is not valid JSON ({error.msg[0].lower()}{error.msg[1:]}{place})"
    return "holds a number too long to read"
