"""The elements of a JSON array, or objects set one after another, over a moving window."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from orchestrator.replay.importers.brackets import Brackets
from orchestrator.replay.importers.records import (
    CHUNK,
    DECODER,
    Broken,
    Record,
    say_above,
    say_invalid,
    skip_blank,
)

_BEHIND = 8 * 1024


class Elements:
    """Reads a stream once, holding the element it is at."""

    def __init__(self, stream: BufferedReader[Any], limit: int, *, in_array: bool) -> None:
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
        """Return every element, and what stands where one could not be read."""
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
        self._forget()
        while True:
            try:
                data, end = DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._may_go_on(error) and self._grow():
                    continue
                why = say_invalid(error) if self._may_fit() else f"is {say_above(self._limit)}"
                self._pass_value()
                return self._broken(why)
            start, self._at = self._at, end
            if end - start > self._limit:
                return self._broken(f"is {say_above(self._limit)}")
            if self._dirty and not _is_utf8(self._text[start:end]):
                return self._broken("is not UTF-8 text")
            number = self._number
            return Record(number, number, self._place.format(number), data, end - start)

    def _forget(self) -> None:
        """Drop what is read: an error counts the lines from where the window begins."""
        if self._at > _BEHIND:
            self._text = self._text[self._at :]
            self._at = 0

    def _next_character(self) -> str:
        while True:
            self._at = skip_blank(self._text, self._at)
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


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
