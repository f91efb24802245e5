"""Break one thing in one shipped rule: one of its examples must notice."""

from __future__ import annotations

import pytest

from orchestrator.config import Rules
from orchestrator.rules.examples import try_examples
from orchestrator.rules.packs import Pack
from orchestrator.rules.ruleset import read_rules
from orchestrator.rules.schema import RuleSpec
from tests.rules.mutants import breed

RULESET, PACKS = read_rules(Rules())
NOTICED_WORDS = 0.7
"""At least this share of single words of matchers must be missed too. Some say what others imply:
a program that only deletes needs no `access: [delete]`."""


@pytest.mark.parametrize("pack", PACKS, ids=[pack.ref.name for pack in PACKS])
def test_a_rule_without_one_of_its_parts_breaks_an_example(pack: Pack) -> None:
    unnoticed = [
        f"{spec.id} {mutant.name}"
        for spec in pack.defaults.rules
        for mutant in breed(spec)
        if not mutant.is_word and is_unnoticed(pack, mutant.spec)
    ]
    assert unnoticed == []


def test_most_words_of_matchers_are_missed_where_they_are_left_out() -> None:
    fates = [
        is_unnoticed(pack, mutant.spec)
        for pack in PACKS
        for spec in pack.defaults.rules
        for mutant in breed(spec)
        if mutant.is_word
    ]
    print(f"{fates.count(False)} of {len(fates)} words left out are noticed")
    assert fates.count(False) >= NOTICED_WORDS * len(fates)


def is_unnoticed(pack: Pack, mutant: RuleSpec) -> bool:
    file = pack.file.model_copy(update={"rules": (mutant,)})
    alone = pack._replace(file=file, defaults=file)
    return all(trial.holds for trial in try_examples(RULESET.recompile(mutant), (alone,)))
