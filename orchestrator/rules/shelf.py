"""Rules by what they can apply to, so that a call meets only the few that might hold for it."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from orchestrator.rules.call import Call
from orchestrator.rules.conditions import Condition
from orchestrator.rules.keys import Key, read_keys
from orchestrator.rules.tools import kinds

_Item = TypeVar("_Item")
_MAX_NAMES = 2048


class Shelf(Generic[_Item]):
    """Items by kind and name of tool, and by the keys of their conditions."""

    def __init__(
        self, items: Iterable[_Item], conditions: Callable[[_Item], Sequence[Condition]]
    ) -> None:
        self._items = list(items)
        self._general: dict[str, list[int]] = {kind: [] for kind in kinds()}
        self._keyed: dict[str, dict[Key, list[int]]] = {kind: {} for kind in kinds()}
        self._named: dict[str, list[tuple[tuple[str, ...], int]]] = {kind: [] for kind in kinds()}
        self._names: dict[tuple[str, str], list[int]] = {}
        for number, item in enumerate(self._items):
            for condition in conditions(item):
                self._place(number, condition)
        self._wanted = {
            kind: frozenset(str(which) if about == "has" else about for about, which in keyed)
            for kind, keyed in self._keyed.items()
        }

    def find(self, call: Call) -> list[_Item]:
        """Return what might hold for `call`, in order."""
        found = set(self._general[call.kind])
        if self._named[call.kind]:
            found.update(self._find_named(call.kind, call.name))
        if keyed := self._keyed[call.kind]:
            for key in read_keys(call, self._wanted[call.kind]):
                if key in keyed:
                    found.update(keyed[key])
        return [self._items[number] for number in sorted(found)]

    def _place(self, number: int, condition: Condition) -> None:
        for kind in condition.kinds if condition.kinds is not None else kinds():
            if condition.keys is not None:
                for key in condition.keys:
                    self._keyed[kind].setdefault(key, []).append(number)
            elif condition.named:
                self._named[kind].append((condition.named, number))
            else:
                self._general[kind].append(number)

    def _find_named(self, kind: str, name: str) -> list[int]:
        """Match a tool's name once; a host has few tools, an attacker as many as it likes."""
        if (kind, name) not in self._names:
            if len(self._names) >= _MAX_NAMES:
                self._names.clear()
            self._names[kind, name] = [
                number
                for patterns, number in self._named[kind]
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
            ]
        return self._names[kind, name]
