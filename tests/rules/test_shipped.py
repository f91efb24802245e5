"""The shipped rules as a whole."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.domain.verdict import Hit
from orchestrator.rules.examples import read_example, run_example
from orchestrator.rules.packs import Pack, read_packs
from orchestrator.rules.policies import find_policies
from orchestrator.rules.rule import Rule
from orchestrator.rules.ruleset import RuleSet, compile_packs
from tests.rules.drive import shipped


@pytest.fixture(scope="module")
def packs() -> tuple[Pack, ...]:
    clauses = {clause.id for clause in shipped().constitution.clauses}
    return read_packs(find_policies(("*",)).packs, {}, clauses)


def test_there_are_enough_and_each_has_its_examples() -> None:
    rules = shipped().rules
    assert len(rules) >= 80 and len(shipped().packs) >= 10
    for rule in rules:
        assert rule.spec.id.count(".") == 1
        assert not rule.spec.reason.endswith("."), f"{rule.spec.id}: detail may follow the reason"
    effects = Counter(rule.spec.effect for rule in rules)
    assert effects["flag"] and effects["modify"] and effects["escalate"] and effects["deny"]


def test_every_example_fires_its_rule_through_the_index_of_all_rules(
    packs: tuple[Pack, ...],
) -> None:
    """With all rules together nothing gets lost: the index finds every rule that holds."""
    everything = compile_packs(shipped().constitution, shipped().tools, packs)
    number = 0
    for pack in packs:
        for place, spec in enumerate(pack.file.rules):
            rule = everything.rules[number]
            number += 1
            if spec.examples.given:
                continue
            for example in spec.examples.match:
                steps = read_example(example, spec, pack.document, ("rules", place))
                hits = run_example(everything, steps, spec.on)
                assert rule.spec.id in {hit.rule for hit in hits}, (rule.spec.id, example)


def test_the_index_leaves_out_only_what_does_not_hold(packs: tuple[Pack, ...]) -> None:
    everything = compile_packs(shipped().constitution, shipped().tools, packs)
    slow = _Unindexed(everything)
    for pack in packs:
        for place, spec in enumerate(pack.file.rules):
            if spec.limit:
                continue
            for example in (*spec.examples.match, *spec.examples.pass_):
                steps = read_example(example, spec, pack.document, ("rules", place))
                assert _seen(run_example(everything, steps, spec.on)) == _seen(
                    run_example(slow, steps, spec.on)
                ), (spec.id, example)


def test_the_same_parameter_means_the_same_in_every_pack(packs: tuple[Pack, ...]) -> None:
    declared: dict[str, object] = {}
    for pack in packs:
        for name, parameter in pack.file.parameters.items():
            assert declared.setdefault(name, parameter.default) == parameter.default, name


class _Unindexed(RuleSet):
    """Look at every rule for every call."""

    def __init__(self, rules: RuleSet) -> None:
        super().__init__(rules.constitution, rules.packs, rules.rules, rules.tools, rules.banks)
        for shelf in (self._calls, self._results, self._patterned, self._limited):
            items: list[Rule] = shelf._items
            shelf.find = lambda call, items=items: items  # type: ignore[method-assign, misc]


def _seen(hits: tuple[Hit, ...]) -> list[tuple[str, str]]:
    return [(hit.action, hit.rule) for hit in hits]
