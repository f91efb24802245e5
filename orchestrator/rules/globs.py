"""Globs of rules, and paths that are themselves written with wildcards."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import re2

from orchestrator.rules.paths import Location
from orchestrator.rules.patterns import PatternBank, compile_pattern

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
        """Say whether one of them fits what the wildcards in the path may stand for."""
        paths = {place.full, place.short}
        return any(could_meet(path, glob) for path in paths for glob in self.globs)


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
        return True  # too deep to tell: better held for nothing than passed unseen
    if theirs[0] == "**" and mine[-1] in ("*", "?*", "*.*"):
        return False
    if theirs[-1] != "**" and not _meet(mine[-1], theirs[-1]):
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
    """Say whether one of two patterns of a name, its `*` standing for nothing, fits the other.

    That `*.ts` and `ledger.db*` could both mean `ledger.db.ts` is true and of no interest. As in a
    shell, a leading wildcard does not stand for a dot.
    """
    if len(written) > _MAX_SEGMENT:
        return True
    if (glob.startswith(".") and written[:1] in _MARKS) or _differ(written, glob):
        return False
    mine = _open_classes(written)
    return _fits(mine.replace("*", "").replace("?", "x"), glob) or _fits(
        glob.replace("*", ""), mine
    )


def _differ(written: str, glob: str) -> bool:
    """Say at a glance that two patterns begin or end with different characters."""
    return any(
        mine != theirs and mine not in "*?[]" and theirs not in "*?"
        for mine, theirs in ((written[:1], glob[:1]), (written[-1:], glob[-1:]))
    )


def _fits(name: str, pattern: str) -> bool:
    return compile_pattern(glob_pattern(pattern)).fullmatch(name) is not None


def _open_classes(pattern: str) -> str:
    """Let `[abc]` stand for any character: wrong on the careful side."""
    while (start := pattern.find("[")) >= 0:
        end = pattern.find("]", start + 2)
        if end < 0:
            return pattern
        pattern = f"{pattern[:start]}?{pattern[end + 1 :]}"
    return pattern
