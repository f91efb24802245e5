"""Rules that never fire, contradict or overlap are found, each with a witness."""

from __future__ import annotations

from pathlib import Path

from orchestrator.config import Rules
from orchestrator.rules.analysis import Remark, analyse
from orchestrator.rules.ruleset import read_rules
from tests.rules.packs import HEAD, only, rule, write_pack


def remarks(rules: Rules) -> list[Remark]:
    ruleset, packs = read_rules(rules)
    return [remark for _, found in analyse(ruleset, packs) for remark in found]


def test_rules_that_mind_their_own_business_give_no_remark(tmp_path: Path) -> None:
    other = rule("mine.two", matcher="command: {program: [grob]}", match="grob it")
    assert remarks(only(write_pack(tmp_path, rule() + other))) == []


def test_a_rule_whose_calls_another_stops_as_strictly_overlaps(tmp_path: Path) -> None:
    mild = rule("mine.mild", effect="flag", match="frob now, frob later")
    (found,) = remarks(only(write_pack(tmp_path, rule() + mild)))
    assert (found.kind, found.rule, found.others) == ("overlaps", "mine.mild", ("mine.one",))
    assert (found.witness, found.line) == ("frob now", 18)


def test_a_milder_rule_beside_a_stricter_one_is_what_overlaps(tmp_path: Path) -> None:
    wider = rule("mine.wide", matcher="command: {program: [frob, grob]}", match="frob x, grob x")
    found = remarks(only(write_pack(tmp_path, rule() + wider)))
    assert [(one.rule, one.others) for one in found] == [("mine.one", ("mine.wide",))]


def test_a_rule_that_the_parameters_switch_off_never_fires(tmp_path: Path) -> None:
    head = HEAD + "parameters:\n  names: {type: list, about: Names., default: [frob]}\n"
    path = write_pack(tmp_path, rule(matcher="text: {like: $names}"), head=head)
    assert remarks(only(path)) == []
    given = Rules(packs=(path,), parameters={"names": ["other"]})
    (found,) = remarks(given)
    assert (found.kind, found.rule, found.witness) == ("never fires", "mine.one", "frob now")
    assert "parameters of this place" in found.why


def test_a_rule_that_waits_for_a_parameter_names_it(tmp_path: Path) -> None:
    head = HEAD + "parameters:\n  hosts: {type: list, about: Hosts., default: []}\n"
    text = rule(
        matcher="host: {not_like: $hosts}", match="curl https://a.example", passes="curl b.example"
    ).replace("examples: {", "examples: {given: {hosts: [b.example]}, ")
    (found,) = remarks(only(write_pack(tmp_path, text, head=head)))
    assert found.kind == "never fires" and "parameter hosts" in found.why


def test_a_change_of_a_call_that_another_rule_denies_contradicts(tmp_path: Path) -> None:
    change = "change: {drop_flags: [--fast]}"
    flag = "command: {program: [frob], flags: [--fast]}"
    modify = rule("mine.slow", matcher=flag, effect="modify", match="frob --fast", more=change)
    found = remarks(only(write_pack(tmp_path, rule() + modify)))
    (one,) = [remark for remark in found if remark.kind == "contradicts"]
    assert (one.rule, one.others, one.witness) == ("mine.slow", ("mine.one",), "frob --fast")
    assert "mine.one answers deny" in one.why


def test_two_changes_of_one_argument_contradict(tmp_path: Path) -> None:
    def drop(name: str, flag: str) -> str:
        return rule(
            f"mine.{name}",
            matcher=f"command: {{program: [frob], flags: [{flag}]}}",
            effect="modify",
            match="frob -a -b",
            more=f"change: {{drop_flags: [{flag}]}}",
        )

    found = remarks(only(write_pack(tmp_path, drop("a", "-a") + drop("b", "-b"))))
    pairs = {(one.rule, one.others) for one in found if one.kind == "contradicts"}
    assert pairs == {("mine.a", ("mine.b",)), ("mine.b", ("mine.a",))}


def test_a_change_that_its_own_rule_refuses_again_contradicts(tmp_path: Path) -> None:
    masks = rule(matcher='text: {like: ["fro+b"]}', effect="modify", more="change: {mask: froob}")
    (found,) = remarks(only(write_pack(tmp_path, masks)))
    assert (found.kind, found.others) == ("contradicts", ("mine.one",))
    assert "to what it makes of the call" in found.why


def test_no_shipped_rule_contradicts_another() -> None:
    assert [one for one in remarks(Rules()) if one.kind == "contradicts"] == []
