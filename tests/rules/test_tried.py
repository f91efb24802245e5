from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.rules import examples, tried
from orchestrator.rules.packs import read_packs
from orchestrator.rules.policies import find_policies
from tests.rules.drive import shipped


def test_examples_run_once_for_each_version(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = shipped()
    clauses = {clause.id for clause in rules.constitution.clauses}
    packs = read_packs(find_policies(("*",)).packs, {}, clauses)
    checked: list[str] = []
    monkeypatch.setattr(examples, "_check_pack", lambda _, pack, __: checked.append(pack.ref.name))
    examples.check_examples(rules, packs)
    assert len(checked) == len(packs)
    examples.check_examples(rules, packs)
    assert len(checked) == len(packs), "remembered"
    changed = packs[0]._replace(ref=packs[0].ref.model_copy(update={"hash": "x"}))
    examples.check_examples(rules, (changed, *packs[1:]))
    assert checked[len(packs) :] == [packs[0].ref.name]


def test_where_nothing_can_be_written_nothing_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CROSSAUDIT_HOME", str(tmp_path / "file"))
    tried.note_tried("x")
    assert not tried.was_tried("x")
