"""All patterns of all rules in one RE2 set: one pass over a text says which of them occur."""

from __future__ import annotations

import functools

import re2

from orchestrator.rules.secrets import encode

_MAX_MEMORY = 64 << 20
_SHORT = 512
_NOTHING: frozenset[int] = frozenset()


class PatternBank:
    """Collect patterns while rules are compiled, then tell which occur in a text."""

    def __init__(self, *, whole: bool = False) -> None:
        """With `whole`, a pattern must match the whole text."""
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        self._set = re2.Set.FullMatchSet(options) if whole else re2.Set.SearchSet(options)
        self._numbers: dict[str, int] = {}
        self._short = functools.lru_cache(maxsize=4096)(self.scan)

    def add(self, pattern: str) -> int:
        """Return the number of `pattern`; raise ValueError where RE2 cannot read it."""
        if pattern not in self._numbers:
            check_pattern(pattern)
            self._numbers[pattern] = self._set.Add(pattern)
        return self._numbers[pattern]

    def close(self) -> None:
        """Compile; nothing can be added after."""
        if self._numbers:
            self._set.Compile()

    def matches(self, text: str) -> frozenset[int]:
        """Return the numbers of the patterns that occur in `text`; short texts are remembered."""
        return self._short(text) if len(text) <= _SHORT else self.scan(text)

    def scan(self, text: str) -> frozenset[int]:
        """Return the numbers of the patterns that occur in `text`, found out anew."""
        if not self._numbers:
            return _NOTHING
        return frozenset(self._set.Match(encode(text)) or _NOTHING)


def check_pattern(pattern: str) -> None:
    """Raise ValueError, saying why, where RE2 cannot read `pattern`."""
    try:
        compile_pattern(pattern)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        note = "; RE2 has no look-around and no back-references" if "(?" in pattern else ""
        raise ValueError(f"pattern {pattern!r}: {reason}{note}") from None


@functools.lru_cache(maxsize=2048)
def compile_pattern(pattern: str) -> re2._Regexp:
    """Compile a pattern, quietly; the latest ones are kept."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
