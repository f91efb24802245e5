from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from tests.rules.drive import check, compile_text, names

HAS_CEL = importlib.util.find_spec("cel_expr_python") is not None
needs_cel = pytest.mark.skipif(not HAS_CEL, reason="the extra `cel` is not installed")

PACK = """\
pack: cel
version: "1"
about: x
rules:
  - id: r
    clause: stay-in-scope
    tools: [any]
    when: {when}
    effect: flag
    reason: x
    examples: {{match: [x], pass: [y]}}
"""


def fires(when: str, **arguments: Any) -> bool:
    rules = compile_text(PACK.format(when=repr(when)))
    return names(check(rules, ("frob", arguments))) == {"r"}


@pytest.mark.skipif(HAS_CEL, reason="the extra `cel` is installed")
def test_without_the_extra_such_a_rule_is_refused() -> None:
    with pytest.raises(Exception, match=r"pack\.yaml:5: r: `when` needs the extra `cel`"):
        compile_text(PACK.format(when="'true'"))


@needs_cel
def test_an_expression_sees_the_call() -> None:
    assert fires("arguments.amount > 10 && tool == 'frob'", amount=11)
    assert not fires("arguments.amount > 10", amount=9)
    assert fires("kind == 'file_read' && paths[0].endsWith('/a')", path="a")


@needs_cel
def test_one_that_fails_holds() -> None:
    assert fires("arguments.amount > 10", other=1)
    assert not fires("has(arguments.amount) && arguments.amount > 10", other=1)
    assert fires("arguments.amount > 10", amount="x")


@needs_cel
@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("arguments.x >", "Syntax error"),
        ("nope == 1", "undeclared reference to 'nope'"),
        ("1 + 1", "true or false"),
        ("tool > 1", "no matching overload"),
    ],
)
def test_what_is_no_condition_is_refused(when: str, message: str) -> None:
    with pytest.raises(Exception, match=rf"pack\.yaml:5: r: `when`: .*{message}"):
        compile_text(PACK.format(when=repr(when)))


@needs_cel
def test_loops_end_and_holding_is_the_answer() -> None:
    loop = "a + b + c + d > 0"
    for name in "dcba":
        loop = f"arguments.l.all({name}, {loop})"
    assert fires(loop, l=list(range(1, 201)))
