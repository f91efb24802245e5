"""Two configurations over one recording, step by step: what would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.domain.value import JsonObject

COMPARED = ("decision", "clause", "rule", "suspicion")


class Change(NamedTuple):
    """One action that two configurations decide differently."""

    before: JsonObject
    after: JsonObject

    @property
    def fields(self) -> list[str]:
        """Return which of the compared fields differ, the decision first."""
        return [name for name in COMPARED if self.before[name] != self.after[name]]


def compare_rows(before: Sequence[JsonObject], after: Sequence[JsonObject]) -> Iterator[Change]:
    """Yield the rows that differ; both sides must come from the same recording.

    Raises ValueError if they do not have the same actions in the same order.
    """
    for old, new in zip(before, after, strict=True):
        change = Change(old, new)
        if change.fields:
            yield change
