"""Rule files that mean harm: refused at once, with file and line, or harmless."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrator.clock import SystemClock
from orchestrator.config import Rules
from orchestrator.domain.action import Action, Turn
from orchestrator.errors import PolicyError
from orchestrator.rules.ruleset import load_rules
from tests.rules.packs import HEAD, only, rule, write_pack

PATIENCE = 5.0
"""Seconds that no machine needs: a quiet one takes well below one."""

BOMB = HEAD + "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(8)
)  # fmt: skip
CEL_LOOP = "when: '[1,2,3].all(x, [1,2,3].all(y, [1,2,3].all(z, x * y * z > 0)))'"

HOSTILE = {
    "aliases": (BOMB + "rules: []\n", "sets the anchor &a"),
    "deep": (HEAD + "rules: " + "[" * 5000 + "]" * 5000, "nested more than 30 deep"),
    "deep maps": (HEAD + "rules:" + "".join(f"\n{' ' * n}a:" for n in range(1, 60)), "30 deep"),
    "huge": (HEAD + "rules: ['" + "x" * (1 << 20) + "']\n", "larger than"),
    "many values": (HEAD + "rules: [" + "1, " * 60_000 + "]\n", "more than 50000 values"),
    "tag": (HEAD + "rules: !!python/object/apply:os.system ['true']\n", "uses the tag"),
    "twice the key": (HEAD + "rules: []\nrules: []\n", "has the key 'rules' twice"),
    "key of a list": (HEAD + "? [a]\n: b\nrules: []\n", "a key that is not text"),
    "two documents": (HEAD + "rules: []\n---\npack: b\n", "more than one document"),
    "not YAML": (HEAD + "rules: [\n", "is not valid YAML"),
    "control character": (HEAD + "rules: [\x07]\n", "is not valid YAML"),
    "a list": ("- pack: mine\n", "a rule pack is a map"),
    "nothing": ("", "a rule pack is a map"),
    "no rules": (HEAD, "'rules' is missing"),
    "rules as text": (HEAD + "rules: all\n", "rules: input should be"),
    "rule as number": (HEAD + "rules: [1]\n", "input should be"),
    "version as number": (HEAD.replace('"1"', "1") + "rules: []\n", "version: input should be"),
    "parameter of no type": (
        HEAD + "parameters: {a: {type: set, default: 1, about: x}}\nrules: []\n",
        "unknown word 'set'",
    ),
    "parameter of another type": (
        HEAD + "parameters: {a: {type: list, default: 1, about: x}}\nrules: []\n",
        "must be a list",
    ),
}

WRONG_RULES = {
    "unknown key": (rule(matcher="comand: {program: [frob]}"), "did you mean 'command'?"),
    "unknown effect": (rule(effect="hang"), "unknown word 'hang'"),
    "no tools": (rule().replace("  tools: [shell]\n", ""), "say which tools"),
    "unknown kind of tool": (rule().replace("[shell]", "[shel]"), "did you mean 'shell'?"),
    "program as number": (rule(matcher="command: {program: [1]}"), "valid string"),
    "pattern RE2 refuses": (rule(matcher="text: {like: ['(?=a)b']}"), "no look-around"),
    "back-reference": (rule(matcher="text: {like: ['(a)\\1']}"), "invalid escape"),
    "repeats too often": (rule(matcher="text: {like: ['(((x{90}){90}){90})']}"), "repetition"),
    "unknown clause": (rule().replace("stay-in-scope", "obey"), "no clause 'obey'"),
    "id twice": (rule() + rule(), "is already used at"),
    "no examples": (rule().rpartition("  examples")[0], "'examples' is missing"),
    "wrong example": (rule(match="ls"), "is not stopped by the rule"),
    "example that is stopped": (rule(passes="frob"), "is stopped by the rule"),
    "example as number": (rule(match="1"), "an example is text"),
    "unknown parameter": (rule(matcher="text: {like: $word}"), "unknown parameter 'word'"),
    "modify without change": (rule(effect="modify"), "need each other"),
    "endless limit": (rule(more="limit: {calls: 1, within: 10000000}"), "less than or equal"),
}


def refusal(rules: Rules) -> PolicyError:
    clock = SystemClock()
    started = clock.monotonic()
    with pytest.raises(PolicyError) as caught:
        load_rules(rules)
    assert clock.monotonic() - started < PATIENCE
    return caught.value


@pytest.mark.parametrize(("text", "says"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    error = refusal(only(str(path)))
    assert error.file == str(path) and error.line
    assert says in str(error).lower() or says in str(error)


@pytest.mark.parametrize(("text", "says"), WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_wrong_rule_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = write_pack(tmp_path, text)
    error = refusal(only(path))
    assert error.file == path and error.line and error.line > 4
    assert says in str(error).lower() or says in str(error)


@pytest.mark.parametrize("matcher", [CEL_LOOP, f"any: [{{{CEL_LOOP}}}]"], ids=["plain", "nested"])
def test_an_expression_without_its_evaluator_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matcher: str
) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python.cel", None)
    path = write_pack(tmp_path, rule(matcher=matcher))
    error = refusal(only(path))
    assert error.file == path and error.line and "`when` needs the extra" in str(error)


def test_ten_thousand_rules_are_refused(tmp_path: Path) -> None:
    path = write_pack(tmp_path, "".join(rule(f"mine.r{n}") for n in range(10_000)))
    error = refusal(only(path))
    assert error.file == path and error.line


def test_more_rules_than_a_pack_may_hold_are_refused_where_they_begin(tmp_path: Path) -> None:
    path = write_pack(tmp_path, "".join(rule(f"mine.r{n}") for n in range(501)))
    error = refusal(only(path))
    assert "more than 500 rules" in str(error) and error.line == 5 + 500 * 7


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"pack: \xff\xfe\n")
    assert "is not UTF-8 text" in str(refusal(only(str(path))))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[a-z]$"])
def test_a_pattern_that_hangs_other_engines_is_harmless(tmp_path: Path, pattern: str) -> None:
    text = rule(matcher=f"text: {{like: ['{pattern}']}}", match="a" * 30, passes="0 0 0")
    rules = load_rules(only(write_pack(tmp_path, text)))
    clock = SystemClock()
    started = clock.monotonic()
    action = Action(id="a", tool="bash", arguments={"command": "a" * 200_000 + "!"})
    rules.check(Turn(index=0, actions=(action,)), rules.start(root=None))
    assert clock.monotonic() - started < PATIENCE
