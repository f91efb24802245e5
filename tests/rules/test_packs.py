import time
from pathlib import Path

import pytest

from orchestrator.config import Rules
from orchestrator.errors import PolicyError
from orchestrator.rules.policies import find_policies, pack_names
from orchestrator.rules.ruleset import load_rules
from tests.rules.drive import check, compile_text, names, shell

PACK = """\
pack: mine
version: "3"
about: A pack of one's own.
parameters:
  limit: {type: number, default: 10, about: How much.}
  hosts: {type: list, default: [a.example], about: Which.}
rules:
  - id: mine.rule
    clause: stay-in-scope
    tools: [shell]
    command: {program: [frob]}
    effect: deny
    reason: Frobs
    examples:
      match: [frob x]
      pass: [ls]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def test_a_pack_of_ones_own_runs(path: Path) -> None:
    path.write_text(PACK, encoding="utf-8")
    rules = load_rules(Rules(packs=(str(path),)))
    assert [(ref.name, ref.version) for ref in rules.packs] == [("mine", "3")]
    assert names(check(rules, shell("frob x"))) == {"mine.rule"}
    path.write_text(PACK.replace('"3"', '"4"'), encoding="utf-8")
    assert load_rules(Rules(packs=(str(path),))).packs[0].version == "4"


WRONG = {
    "key": ("tools: [shell]", "tols: [shell]", 10, "unknown key 'tols'; did you mean 'tools'"),
    "matcher": ("{program: [frob]}", "{progam: [frob]}", 11, "unknown key 'progam'; did you"),
    "type": ("program: [frob]", "program: 7", 11, "command.program"),
    "word": ("effect: deny", "effect: block", 12, "unknown word 'block'"),
    "kind": ("tools: [shell]", "tools: [shel]", 10, "unknown word 'shel'; did you mean 'shell'"),
    "clause": ("clause: stay-in-scope", "clause: stay-in-scop", 9, "no clause 'stay-in-scop'; did"),
    "no tools": ("    tools: [shell]\n", "", 8, "say which tools"),
    "no examples": ("match: [frob x]", "match: []", 15, "examples.match"),
    "missing": ("    reason: Frobs\n", "", 8, "'reason' is missing"),
    "id": ("id: mine.rule", "id: Mine Rule", 8, "id: "),
    "regex": ("{program: [frob]}", "{words: ['(?=x)']}", 8, "no look-around"),
    "broken regex": ("{program: [frob]}", "{words: ['(']}", 8, "missing )"),
    "parameter": ("program: [frob]", "program: $hots", 11, "unknown parameter 'hots'; did you"),
    "default": ("default: 10", "default: x", 5, "limit: the default must be a number"),
    "modify": ("effect: deny", "effect: modify", 8, "`change`"),
    "approvals": ("effect: deny", "effect: deny\n    approvals: 2", 8, "approvals"),
    "within": ("effect: deny", "effect: deny\n    within: 2", 8, "`after`"),
    "match": ("match: [frob x]", "match: [frab x]", 15, "is not stopped by the rule"),
    "pass": ("pass: [ls]", "pass: [frob y]", 16, "is stopped by the rule"),
    "example": ("match: [frob x]", "match: [7]", 15, "an example is text"),
    "example tool": ("pass: [ls]", "pass: [{bash: 7}]", 16, "names one tool with a map"),
    "twice": ("examples:\n", "reason: again\n    examples:\n", 14, "has the key 'reason' twice"),
    "not a map": (PACK, "- x\n", 1, "starts with `pack:`"),
    "when": ("effect: deny", "effect: deny\n    when: 'x ='", 8, "when"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_understood_is_refused_with_its_line(case: str, path: Path) -> None:
    old, new, line, message = WRONG[case]
    assert old in PACK
    path.write_text(PACK.replace(old, new, 1), encoding="utf-8")
    started = time.process_time()
    with pytest.raises(PolicyError) as caught:
        load_rules(Rules(packs=(str(path),)))
    assert time.process_time() - started < 1
    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == (str(path), line), str(caught.value)


def test_the_same_id_in_two_packs_is_refused(path: Path) -> None:
    path.write_text(PACK.replace("mine.rule", "shell.run-download"), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"already used at .*shell\.yaml:\d+"):
        load_rules(Rules(packs=("shell", str(path))))


def test_ten_thousand_rules_are_refused_at_once(path: Path) -> None:
    rule = PACK[PACK.index("  - id:") :]
    head = PACK[: PACK.index("  - id:")]
    path.write_text(
        head + "".join(rule.replace("mine.rule", f"mine.r{n}") for n in range(10_000)),
        encoding="utf-8",
    )
    started = time.process_time()
    with pytest.raises(PolicyError, match=r"mine\.yaml:\d+: "):
        load_rules(Rules(packs=(str(path),)))
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("packs", "message"),
    [
        (("shel",), "no rule pack 'shel'; did you mean 'shell'"),
        (("./nowhere.yaml",), r"nowhere\.yaml: cannot be read"),
    ],
)
def test_a_pack_that_is_not_there_is_named(packs: tuple[str, ...], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load_rules(Rules(packs=packs))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"payment_limt": 3}, "unknown parameter 'payment_limt'; did you mean 'payment_limit'"),
        ({"payment_limit": "3"}, "payment_limit must be a number, not '3'"),
        ({"payment_limit": True}, "payment_limit must be a number"),
        ({"allowed_hosts": "a"}, "allowed_hosts must be a list"),
    ],
)
def test_a_parameter_that_no_pack_has_is_refused(
    parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        load_rules(Rules(parameters=parameters))


def test_parameters_fill_in_numbers_and_lists() -> None:
    text = PACK.replace(
        "command: {program: [frob]}",
        "host: {like: [$hosts, c.example]}\n    number: {above: $limit}",
    ).replace("tools: [shell]", "tools: [http]")
    call = ("fetch", {"url": "https://b.example/", "amount": 7})
    assert not check(compile_text(text), call)
    assert check(compile_text(text, limit=5, hosts=["b.example"]), call)


def test_examples_hold_for_the_defaults_whatever_the_parameters_are() -> None:
    rules = load_rules(Rules(packs=("payments",), parameters={"payment_limit": 1_000_000}))
    assert not check(rules, ("send_money", {"recipient": "Acme", "amount": 4200}))


def test_star_is_every_shipped_pack() -> None:
    assert len(find_policies(("*",)).packs) == len(pack_names()) >= 10
    rules = load_rules(Rules())
    assert [ref.name for ref in rules.packs] == pack_names()
    assert len(rules.rules) >= 80
