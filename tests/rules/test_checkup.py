"""All faults of a pack are found at once, each at its line."""

from __future__ import annotations

from pathlib import Path

from orchestrator.config import Rules
from orchestrator.rules.checkup import find_faults
from tests.rules.packs import HEAD, only, rule, write_pack


def places(rules: Rules) -> list[tuple[int | None, str]]:
    return [(fault.line, str(fault).partition(": ")[2]) for fault in find_faults(rules)]


def test_the_shipped_packs_have_none() -> None:
    assert list(find_faults(Rules())) == []


def test_each_broken_rule_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        rule("mine.a", matcher="comand: {program: [frob]}")
        + rule("mine.b")
        + rule("mine.c", effect="block")
        + rule("mine.d", matcher="text: {like: ['(']}")
        + rule("mine.b", match="frob it")
        + rule("mine.e").replace("stay-in-scope", "stay-in-scop")
        + rule("mine.f", matcher="host: {like: $nobody}")
    )
    found = places(only(write_pack(tmp_path, text)))
    assert [line for line, _ in found] == [8, 23, 26, 33, 41, 50]
    said = [message for _, message in found]
    assert "'comand'; did you mean 'command'?" in said[0]
    assert "unknown word 'block'" in said[1]
    assert "missing )" in said[2]
    assert "the rule id mine.b is already used at" in said[3] and ":12" in said[3]
    assert "no clause 'stay-in-scop'; did you mean 'stay-in-scope'?" in said[4]
    assert "unknown parameter 'nobody'" in said[5]


def test_every_wrong_example_is_told(tmp_path: Path) -> None:
    text = rule(match="frob a, ls, ls -l", passes="frob b")
    said = [message for _, message in places(only(write_pack(tmp_path, text)))]
    assert ["is not stopped" in one for one in said] == [True, True, False]


def test_a_broken_head_and_a_missing_file_do_not_hide_the_rest(tmp_path: Path) -> None:
    bad = write_pack(tmp_path, rule(), head=HEAD + "colour: red\n", name="bad.yaml")
    good = write_pack(tmp_path, rule(effect="hold"))
    rules = Rules(packs=(bad, "no-such", good), parameters={"speed": 1})
    said = [str(fault) for fault in find_faults(rules)]
    assert [word in one for word, one in zip(
        ("unknown key 'colour'", "no rule pack 'no-such'", "unknown word 'hold'",
         "unknown parameter 'speed'"), said, strict=True)] == [True] * 4  # fmt: skip


def test_one_id_in_two_packs_is_told(tmp_path: Path) -> None:
    one = write_pack(tmp_path, rule(), name="one.yaml")
    two = write_pack(tmp_path, rule(), name="two.yaml")
    (fault,) = find_faults(Rules(packs=(one, two)))
    assert fault.file == two and f"already used at {one}:5" in str(fault)
