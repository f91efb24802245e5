"""Rules by what they can apply to, so that a call meets only the few that might hold for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from orchestrator.rules.call import Call
from orchestrator.rules.commands import read_program
from orchestrator.rules.conditions import Condition
from orchestrator.rules.tools import kinds

_Item = TypeVar("_Item")


class Shelf(Generic[_Item]):
    """Items by kind of tool and, where a condition names programs, by program."""

    def __init__(
        self, items: Iterable[_Item], conditions: Callable[[_Item], list[Condition]]
    ) -> None:
        self._general: dict[str, list[tuple[int, _Item]]] = {kind: [] for kind in kinds()}
        self._by_program: dict[str, list[tuple[int, _Item]]] = {}
        for number, item in enumerate(items):
            for condition in conditions(item):
                self._place(number, item, condition)

    def find(self, call: Call) -> list[_Item]:
        """Return what might hold for `call`, in order."""
        found = dict(self._general[call.kind])
        if self._by_program:
            for sub in call.subs:
                if sub.command.program is not None:
                    for name in read_program(sub.command.program):
                        found.update(self._by_program.get(name, ()))
        return [found[number] for number in sorted(found)]

    def _place(self, number: int, item: _Item, condition: Condition) -> None:
        if condition.programs is not None:
            for program in condition.programs:
                self._by_program.setdefault(program, []).append((number, item))
            return
        for kind in condition.kinds if condition.kinds is not None else kinds():
            self._general[kind].append((number, item))
