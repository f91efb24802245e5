"""Globs of rules, and paths that are themselves written with wildcards."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import re2

from orchestrator.rules.paths import Location
from orchestrator.rules.patterns import PatternBank

_MARKS = frozenset("*?[")
_MAX_SEGMENTS = 40
_MAX_SEGMENT = 120


class GlobSet(NamedTuple):
    """Globs, any of which may fit."""

    globs: tuple[str, ...]
    numbers: frozenset[int]
    bank: PatternBank

    def __bool__(self) -> bool:
        """Say whether there is any glob."""
        return bool(self.globs)

    def covers(self, place: Location) -> bool:
        """Say whether one of them fits the path, in full or with somebody's home as `~`."""
        return any(
            not self.numbers.isdisjoint(self.bank.matches(path))
            for path in {place.full, place.short}
        )

    def may_cover(self, place: Location) -> bool:
        """Say whether one of them fits the path, or what its wildcards may stand for."""
        return self.covers(place) or (
            has_wildcard(place.full)
            and any(could_meet(path, g) for path in {place.full, place.short} for g in self.globs)
        )


def compile_globs(globs: Sequence[str], bank: PatternBank) -> GlobSet:
    """Compile globs: `*` stays within a folder, `**` crosses folders, `~` is anybody's home."""
    numbers = frozenset(bank.add(glob_pattern(glob)) for glob in globs)
    return GlobSet(tuple(globs), numbers, bank)


def glob_pattern(glob: str) -> str:
    """Turn a glob into RE2: `*` stays within a folder, `**` crosses folders."""
    pieces: list[str] = []
    rest = glob
    if rest.startswith("**/"):
        pieces.append("(?:.*/)?")
        rest = rest[3:]
    tail = "(?:/.*)?" if rest.endswith("/**") else ""
    rest = rest.removesuffix("/**") if tail else rest
    while rest:
        if rest.startswith("/**/"):
            pieces.append("/(?:.*/)?")
            rest = rest[4:]
        elif rest.startswith("**"):
            pieces.append(".*")
            rest = rest[2:]
        else:
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(rest[0]) or re2.escape(rest[0]))
            rest = rest[1:]
    return "(?s:" + "".join(pieces) + tail + ")"


def has_wildcard(path: str) -> bool:
    """Say whether a shell would expand `path`."""
    return not _MARKS.isdisjoint(path)


@functools.lru_cache(maxsize=4096)
def could_meet(written: str, glob: str) -> bool:
    """Say whether some path fits both, in the way a shell expands `written`.

    `cat ~/.ss?/id_*` means the keys in `~/.ssh`. A bare `*` means "whatever is there": it meets a
    glob only where the folder is named too, or every `rm *` would meet every rule.
    """
    mine, theirs = written.split("/"), glob.split("/")
    if len(mine) > _MAX_SEGMENTS or len(theirs) > _MAX_SEGMENTS:
        return False
    if theirs[0] == "**" and mine[-1] in ("*", "?*", "*.*"):
        return False
    return _meet_segments(tuple(mine), tuple(theirs))


def _meet_segments(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Match segment by segment; `**` stands for any number of them."""
    reached = {0}
    for place, glob in enumerate(theirs):
        if glob == "**":
            if place == len(theirs) - 1:
                return bool(reached)
            first = min(reached, default=len(mine) + 1)
            reached = set(range(first, len(mine) + 1))
            continue
        reached = {at + 1 for at in reached if at < len(mine) and _meet(mine[at], glob)}
        if not reached:
            return False
    return len(mine) in reached


@functools.lru_cache(maxsize=8192)
def _meet(written: str, glob: str) -> bool:
    """Say whether some name fits both patterns; a wildcard of the shell never starts a dot file."""
    if not has_wildcard(written):
        if not has_wildcard(glob):
            return written == glob
    elif glob.startswith(".") and not written.startswith("."):
        return False
    if len(written) > _MAX_SEGMENT or len(glob) > _MAX_SEGMENT:
        return True
    mine, theirs = _tokens(written), _tokens(glob)
    row = [all(token == "*" for token in theirs[:at]) for at in range(len(theirs) + 1)]
    for own in mine:
        before, row = row, [row[0] and own == "*"]
        for at, other in enumerate(theirs):
            if own == "*" or other == "*":
                star = row[at] if other == "*" else False
                row.append(before[at + 1] or star or (own == "*" and row[at]) or before[at])
            else:
                row.append(before[at] and _same(own, other))
    return row[-1]


def _same(own: str, other: str) -> bool:
    if own == "?" or other == "?":
        return True
    if own.startswith("[") or other.startswith("["):
        return True  # a class may hold what it takes; wrong on the careful side
    return own == other


def _tokens(pattern: str) -> list[str]:
    tokens: list[str] = []
    place = 0
    while place < len(pattern):
        end = pattern.find("]", place + 2) if pattern[place] == "[" else -1
        tokens.append(pattern[place : end + 1] if end > 0 else pattern[place])
        place = end + 1 if end > 0 else place + 1
    return tokens
