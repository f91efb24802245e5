"""Break one thing in one shipped rule: one of its examples must notice."""

from __future__ import annotations

import pytest

from orchestrator.config import Rules
from orchestrator.rules.examples import try_examples
from orchestrator.rules.packs import Pack
from orchestrator.rules.ruleset import RuleSet, read_rules
from orchestrator.rules.schema import RuleSpec
from tests.rules.mutants import breed

RULESET, PACKS = read_rules(Rules())


@pytest.mark.parametrize("pack", PACKS, ids=[pack.ref.name for pack in PACKS])
def test_a_broken_rule_breaks_an_example(pack: Pack) -> None:
    unnoticed = [
        f"{spec.id} {name}"
        for spec in pack.defaults.rules
        for name, mutant in breed(spec)
        if is_unnoticed(RULESET, pack, mutant)
    ]
    assert unnoticed == []


def is_unnoticed(ruleset: RuleSet, pack: Pack, mutant: RuleSpec) -> bool:
    file = pack.file.model_copy(update={"rules": (mutant,)})
    alone = pack._replace(file=file, defaults=file)
    return all(trial.holds for trial in try_examples(ruleset.recompile(mutant), (alone,)))
