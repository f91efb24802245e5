from __future__ import annotations

from orchestrator.rules.examples import ROOT
from orchestrator.rules.ruleset import RuleSet
from tests.rules.drive import Proposed, compile_text, make_turn, names, run, shell

HEAD = """\
pack: flow
version: "1"
about: Patterns.
rules:
"""
TAIL = """\
    effect: flag
    reason: x
    examples: {match: [x], pass: [y]}
"""


def compile_rule(body: str) -> RuleSet:
    return compile_text(f"{HEAD}  - id: r\n    clause: stay-in-scope\n{body}{TAIL}")


THREE = compile_rule("""\
    after:
      - {tools: [shell], command: {program: [one]}}
      - {tools: [shell], command: {program: [two]}}
    then: {tools: [shell], command: {program: [three]}}
    within: 4
    unless: {tools: [shell], command: {program: [undo]}}
""")


def fires(*lines: str) -> bool:
    return "r" in names(run(THREE, *(shell(line) for line in lines)))


def test_steps_must_come_in_order() -> None:
    assert fires("one", "two", "three")
    assert fires("one", "x", "two", "three")
    assert not fires("two", "one", "three")
    assert not fires("one", "three")
    assert not fires("three")


def test_within_counts_calls_from_the_first_step() -> None:
    assert fires("one", "two", "x", "x", "three")
    assert not fires("one", "two", "x", "x", "x", "three")
    assert fires("one", "two", "x", "x", "one", "two", "three"), "the latest start counts"
    assert not fires("one", "x", "x", "x", "two", "three")
    assert fires("one", "one", "x", "x", "two", "three")


def test_unless_takes_back_what_came_before() -> None:
    assert not fires("one", "two", "undo", "three")
    assert fires("undo", "one", "two", "three")
    assert not fires("one", "undo", "two", "three")


def test_all_steps_in_one_turn_count_in_any_order() -> None:
    turn = (shell("three"), shell("two"), shell("one"))
    assert "r" in names(run(THREE, turn))


def test_a_limit_counts_calls_that_match() -> None:
    rules = compile_rule(
        "    tools: [shell]\n    command: {program: [one]}\n    limit: {calls: 2}\n"
    )
    lines = [shell("one"), shell("x"), shell("one")]
    assert not names(run(rules, *lines))
    assert names(run(rules, *lines, shell("one"))) == {"r"}
    assert not names(run(rules, *lines, shell("two")))


def test_a_limit_within_the_last_calls_forgets() -> None:
    rules = compile_rule(
        "    tools: [shell]\n    command: {program: [one]}\n    limit: {calls: 1, within: 3}\n"
    )
    assert names(run(rules, shell("one"), shell("x"), shell("one"))) == {"r"}
    assert not names(run(rules, shell("one"), shell("x"), shell("x"), shell("one")))


def test_a_limit_sums_numbers_by_role() -> None:
    rules = compile_rule("    tools: [any]\n    limit: {sum: [amount], above: 10}\n")
    calls: list[Proposed] = [("buy", {"price": 6}), ("give", {"total": "5"})]
    assert not names(run(rules, calls[0]))
    assert names(run(rules, *calls)) == {"r"}


def test_the_memory_of_a_run_does_not_grow() -> None:
    rules = compile_rule(
        "    tools: [shell]\n    command: {program: [one]}\n    limit: {calls: 5, within: 50}\n"
    )
    state = rules.start(root=ROOT)
    for index in range(2000):
        turn = make_turn(shell("one"), index=index)
        rules.check(turn, state)
        rules.record(turn, frozenset(action.id for action in turn.actions), state)
    (tally,) = state.tallies.values()
    assert len(tally._recent) <= 50
    assert tally.used(2000) == 49
