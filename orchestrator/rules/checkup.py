"""Every fault of rule packs, where loading stops at the first: one a rule, and each example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.config import Rules
from orchestrator.errors import PolicyError
from orchestrator.rules.constitution import Constitution, read_constitution
from orchestrator.rules.document import Document, Place, read_document
from orchestrator.rules.examples import try_examples
from orchestrator.rules.packs import (
    MAX_RULES,
    Pack,
    check_names,
    check_parameters,
    declare,
    read_pack,
)
from orchestrator.rules.policies import find_policies
from orchestrator.rules.ruleset import compile_packs
from orchestrator.rules.schema import Parameter
from orchestrator.rules.tools import ToolMap, read_tools


def find_faults(rules: Rules) -> Iterator[PolicyError]:
    """Yield what is wrong with the packs that `rules` names; nothing if they can be loaded.

    Raises PolicyError where the constitution or the tool mapping is wrong.
    """
    signed = find_policies(())
    checkup = _Checkup(rules, read_constitution(signed.constitution), read_tools(signed.tools))
    for name in rules.packs:
        try:
            packs = find_policies((name,)).packs
        except PolicyError as error:
            yield error
        else:
            for file, text in packs:
                yield from checkup.examine(file, text)
    yield from checkup.conclude()


class _Checkup:
    """Examine packs one after the other, remembering which names they use."""

    def __init__(self, rules: Rules, constitution: Constitution, tools: ToolMap) -> None:
        self._given = rules.parameters
        self._constitution = constitution
        self._clauses = {clause.id for clause in constitution.clauses}
        self._tools = tools
        self._declared: dict[str, Parameter] = {}
        self._places: dict[str, str] = {}

    def examine(self, file: str, text: str) -> Iterator[PolicyError]:
        """Yield the faults of one file; behind a broken head, its rules cannot be understood."""
        try:
            document = read_document(text, file)
            declare(document, self._declared)
            listed = document.data.get("rules")
            rules = listed if isinstance(listed, list) and len(listed) <= MAX_RULES else None
            head = document if rules is None else _keep(document, ())
            read_pack(head, text, self._given)
        except PolicyError as error:
            yield error
            return
        places = _split_lines(document)
        for number in range(len(rules or ())):
            one = _keep(document, (number,), places.get(number, {}))
            yield from self._examine_rule(one, text)

    def conclude(self) -> Iterator[PolicyError]:
        """Yield what is wrong with the values that were given for the packs' parameters."""
        for name, value in self._given.items():
            try:
                check_parameters({name: value}, self._declared)
            except PolicyError as error:
                yield error

    def _examine_rule(self, document: Document, text: str) -> Iterator[PolicyError]:
        try:
            pack = read_pack(document, text, self._given)
            check_names((pack,), self._clauses)
            self._check_id(pack)
            alone = compile_packs(self._constitution, self._tools, (pack,))
            yield from (t.fault() for t in try_examples(alone, (pack,)) if not t.holds)
        except PolicyError as error:
            yield error

    def _check_id(self, pack: Pack) -> None:
        name, place = pack.file.rules[0].id, ("rules", 0, "id")
        here = f"{pack.document.file}:{pack.document.line_of(place)}"
        if name in self._places:
            raise pack.document.error(
                f"the rule id {name} is already used at {self._places[name]}", place
            )
        self._places[name] = here


def _keep(document: Document, numbers: Iterable[int], lines: Mapping[Place, int] = {}) -> Document:
    """Return the document with only some of its rules; `lines` are those of the rules kept."""
    kept = [document.data["rules"][number] for number in numbers]
    own = {p: line for p, line in document.lines.items() if len(p) < 2 or p[0] != "rules"}
    data: dict[str, Any] = {**document.data, "rules": kept}
    return document._replace(data=data, lines={**own, **lines})


def _split_lines(document: Document) -> dict[int, dict[Place, int]]:
    """Return the lines of each rule, as if it were the first of its file."""
    found: dict[int, dict[Place, int]] = {}
    for place, line in document.lines.items():
        if len(place) > 1 and place[0] == "rules" and isinstance(place[1], int):
            found.setdefault(place[1], {})["rules", 0, *place[2:]] = line
    return found
