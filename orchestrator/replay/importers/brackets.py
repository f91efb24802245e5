"""Find where a JSON value ends by its brackets and quotes alone, over any number of chunks."""

from __future__ import annotations


class Brackets:
    """What is open so far: how many brackets, and whether a string."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def find_end(self, text: str, at: int) -> int | None:
        """Return the index behind the value's end, or None when `text` ends before it does.

        A value outside brackets ends where a comma, a closing bracket or its string does.
        """
        while at < len(text):
            if self._in_string:
                at = self._pass_string(text, at)
                if self._is_over:
                    return at
                continue
            quote = text.find('"', at)
            stop = len(text) if quote < 0 else quote
            if (end := self._close(text, at, stop)) is not None:
                return end
            at = stop + 1
            self._in_string = quote >= 0
        return None

    @property
    def _is_over(self) -> bool:
        return self._depth == 0 and not self._in_string

    def _pass_string(self, text: str, at: int) -> int:
        if self._escaped:
            self._escaped = False
            at += 1
        quote = text.find('"', at)
        stop = len(text) if quote < 0 else quote
        if (slash := text.find("\\", at, stop)) >= 0:
            self._escaped = True
            return slash + 1
        self._in_string = quote < 0
        return min(stop + 1, len(text))

    def _close(self, text: str, start: int, stop: int) -> int | None:
        """Follow the brackets between two strings; return where the value ends, if it does."""
        closing = text.count("}", start, stop) + text.count("]", start, stop)
        if self._depth > closing:
            opening = text.count("{", start, stop) + text.count("[", start, stop)
            self._depth += opening - closing
            return None
        for at in range(start, stop):
            mark = text[at]
            if mark in "{[":
                self._depth += 1
            elif mark in "}]":
                self._depth -= 1
                if self._depth <= 0:
                    return at + 1 if self._depth == 0 else at
            elif mark == "," and self._depth == 0:
                return at
        return None
