"""A seat's double judges what the agent did not propose; the seat remembers nothing of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from orchestrator.auditors.auditor import Auditor, Seat


class Forks:
    """Make doubles of the seats of one run; what an auditor holds is shared, not copied."""

    def __init__(self, auditors: Iterable[Auditor]) -> None:
        self._auditors = tuple(auditors)
        self._shared: dict[int, Any] | None = None

    def double(self, seat: Seat) -> Seat:
        """Return a copy of `seat` as it stands; raises where a seat cannot be copied."""
        if self._shared is None:
            self._shared = {}
            for auditor in self._auditors:
                _gather(auditor, self._shared)
        return copy.deepcopy(seat, dict(self._shared))


def _gather(root: object, found: dict[int, Any]) -> None:
    """Add all that is reachable from `root`, by identity; it never changes while a run goes on."""
    waiting: list[object] = [root]
    while waiting:
        item = waiting.pop()
        if id(item) in found or isinstance(item, str | int | float | bytes | type | None):
            continue
        found[id(item)] = item
        if isinstance(item, dict):
            waiting.extend((*item.keys(), *item.values()))
        elif isinstance(item, list | tuple | set | frozenset):
            waiting.extend(item)
        else:
            waiting.extend(getattr(item, "__dict__", {}).values())
            slots = (
                name for kind in type(item).__mro__ for name in vars(kind).get("__slots__", ())
            )
            waiting.extend(getattr(item, name, None) for name in slots)
