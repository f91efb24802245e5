"""Take out of the material what speaks to whoever judges, or looks like what a judge writes.

An auditor that never sees such text cannot follow it. What certainly is of that kind is in no
view; what may be is in one of two views, and the higher suspicion counts.
"""

from __future__ import annotations

import functools
from typing import Literal, TypeAlias

from pydantic import JsonValue

from orchestrator.auditors.frames import Lexicon, load_lexicon, split_sentences
from orchestrator.auditors.model.unfolding import hides, unfold

View: TypeAlias = Literal["full", "plain"]
"""`full` lacks what is certain, `plain` also what is possible."""
CERTAIN, POSSIBLE = "certain", "possible"
SHORTEST = 6
"""Characters below which a text says nothing to anybody."""
REACH = 2
"""Sentences that are read together."""
_KEPT = 20_000
"""Characters of texts whose finding is remembered."""


class Sieve:
    """Pass data on without what a view does not show, and count what was taken out."""

    def __init__(self, view: View = "full") -> None:
        self._groups = (CERTAIN,) if view == "full" else (CERTAIN, POSSIBLE)
        self.certain = 0
        self.possible = 0

    def pass_on(self, value: JsonValue) -> JsonValue:
        """Return `value` with such text replaced by a note, in keys too."""
        if isinstance(value, str):
            return self.pass_text(value)
        if isinstance(value, list):
            return [self.pass_on(item) for item in value]
        if isinstance(value, dict):
            passed: dict[str, JsonValue] = {}
            for key, item in value.items():
                name = self.pass_text(key)
                passed[name if name not in passed else f"{name} ({len(passed)})"] = self.pass_on(
                    item
                )
            return passed
        return value

    def pass_text(self, text: str) -> str:
        """Return `text`, with a note in the place of what was taken out."""
        for group in self._groups:
            ranges = find_ranges(text, group)
            if ranges:
                text = _cut(text, ranges, group)
                if group == CERTAIN:
                    self.certain += 1
                else:
                    self.possible += 1
        return text

    def lets_through(self, text: str) -> bool:
        """Say whether nothing of `text` would be taken out."""
        return not any(find_ranges(text, group) for group in self._groups)


@functools.lru_cache(maxsize=2_048)
def find_ranges(text: str, group: str) -> tuple[tuple[int, int], ...]:
    """Return where in `text` something of `group` stands, sentence by sentence, with what is near.

    The whole text is named where the parts are found in no one place of it, or only in another
    reading of it.
    """
    if len(text) < SHORTEST:
        return ()
    lexicon = _lexicon()
    if not _says(lexicon, text, group):
        return ()
    spans = list(split_sentences(text))
    marked: set[int] = set()
    for last in range(len(spans)):
        first = max(0, last - REACH + 1)
        window = text[spans[first][0] : spans[last][1]]
        if _says(lexicon, window, group):
            marked.update(range(first - 1, last + 2))
    marked &= set(range(len(spans)))
    if not marked:
        return ((0, len(text)),)
    # What stands between two such places belongs to them: letters are rarely one sentence long.
    return ((spans[min(marked)][0], spans[max(marked)][1]),)


@functools.cache
def _lexicon() -> Lexicon:
    return load_lexicon("addressed")


def _says(lexicon: Lexicon, text: str, group: str) -> bool:
    if _holds(lexicon, text, group):
        return True
    if group == POSSIBLE and hides(text):
        return True
    return any(_holds(lexicon, other, group) for other in unfold(text))


def _holds(lexicon: Lexicon, text: str, group: str) -> bool:
    """Say whether frames hold in neighbouring sentences of `text`."""
    if not lexicon.name(text, group):
        return False
    spans = list(split_sentences(text))
    if len(spans) <= REACH:
        return True
    return any(
        lexicon.name(text[spans[at][0] : spans[at + REACH - 1][1]], group)
        for at in range(len(spans) - REACH + 1)
    )


def _cut(text: str, ranges: tuple[tuple[int, int], ...], group: str) -> str:
    parts: list[str] = []
    at = 0
    for start, end in ranges:
        parts += [text[at:start], note(end - start, group)]
        at = end
    return "".join([*parts, text[at:]])


def note(characters: int, group: str) -> str:
    """Return what stands in the place of text that was taken out."""
    if group == CERTAIN:
        return f"‹withheld: {characters} characters›"
    return f"‹{characters} characters left out›"
