"""The grammar: what is one statement, what is none."""

import pytest

from orchestrator.rules.shell.budget import Budget
from orchestrator.rules.shell.parser import parse_statements
from orchestrator.rules.shell.syntax import AndOr, Background, Broken, Each, Group, Pipeline, Simple


def kinds(text: str) -> list[str]:
    return [type(statement).__name__ for statement in parse_statements(text, Budget())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n # only this\n", []),
        ("a", ["Simple"]),
        ("a;b\nc", ["Simple", "Simple", "Simple"]),
        ("a & b", ["Background", "Simple"]),
        ("a && b || c", ["AndOr"]),
        ("a | b |& c", ["Pipeline"]),
        ("a |\n\n b", ["Pipeline"]),
        ("a &&\n# why\nb", ["AndOr"]),
        ("( a; b )", ["Group"]),
        ("{ a; b; }", ["Group"]),
        ("{ a\n}", ["Group"]),
        ("{a; b}", ["Simple", "Simple"]),
        ("if a; then b; fi > f", ["Redirected"]),
        ("for x; do a; done", ["Each"]),
        ("for x in a b\ndo c\ndone", ["Each"]),
        ("for x in a; { b; }", ["Each"]),
        ("for ((;;)) do a; done", ["Loop"]),
        ("select x in a; do b; done", ["Each"]),
        ("while a; do b; done | c", ["Pipeline"]),
        ("case a in esac", ["Choice"]),
        ("case a in b) ;; (c|d) e;; esac", ["Choice"]),
        ("[[ a =~ ^(b|c)$ && -n d ]]", ["Test"]),
        ("(( a > 1 ))", ["Test"]),
        ("f() { a; }", ["Definition"]),
        ("function f\n( a )", ["Definition"]),
        ("! time -p a", ["Simple"]),
        ("coproc a b", ["Background"]),
        ("x=1 y=(a b) z[1]=c", ["Simple"]),
        ("declare -a x=(a b)", ["Simple"]),
        ("echo @(a|b) !(c)", ["Simple"]),
    ],
)
def test_statements(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "(", ")", "{", "}", "a)", "a;;", "a &&", "a |", "| a", "&& a", "; a", "a; ; b", "'", '"',
        "`", "$(", "${x", "$((1)", "((1)", "<(", "a >", "a <<", "a <<$x", "if a; fi",
        "if; then a; fi", "if a; then; fi", "while a; do done", "for; do a; done",
        "for x in a; b; done", "case a b) c", "case a in b c) d;; esac", "done", "fi", "then a",
        "do", "esac", "f() a", "function", "f(a)", "[[ a", "[[ a; ]]", "x=(a", "{ a }", "coproc",
        "!", "time", "$(cat <<E)",
    ],
)  # fmt: skip
def test_what_is_not_shell(text: str) -> None:
    assert any(isinstance(s, Broken) for s in parse_statements(text, Budget()))


def test_a_here_document_is_read_before_its_statement_is_handed_over() -> None:
    first, second = parse_statements("a <<E; b\nbody\nE\n", Budget())
    assert isinstance(first, Simple)
    assert first.redirections[0].target.parts[0].text == "body\n"
    assert isinstance(second, Simple)


def test_the_tree_keeps_offsets() -> None:
    text = "a && b 'c d' | { e; } & for x in y; do z; done"
    both, loop = parse_statements(text, Budget())
    assert isinstance(both, Background)
    assert isinstance(both.statement, AndOr)
    pipe = both.statement.rest[0][1]
    assert isinstance(pipe, Pipeline)
    first, group = pipe.stages
    assert isinstance(first, Simple)
    assert text[first.start : first.end] == "b 'c d'"
    assert isinstance(group, Group)
    assert isinstance(loop, Each)


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("a <<E\nx\nE", ["x\n"]),
        ("a <<E\nx", ["x"]),
        ("a <<E", [""]),
        ("a <<A <<B\nx\nA\ny\nB\n", ["x\n", "y\n"]),
        ("a <<-E\n\tx\n\t\tE\n", ["x\n"]),
        ("a << 'E F'\nx\nE F\n", ["x\n"]),
        ("a <<E\\ F\nx\nE F\n", ["x\n"]),
        ("a <<E\nx\\\nE\nE\n", ["xE\n"]),
        ("a <<'E'\nx\\\nE\n", ["x\\\n"]),
        ("a <<E\r\nx\r\nE\r\nb", ["x \n"]),
    ],
)
def test_here_documents(text: str, bodies: list[str]) -> None:
    first = next(iter(parse_statements(text, Budget())))
    assert isinstance(first, Simple)
    found = ["".join(p.text for p in r.target.parts) for r in first.redirections]
    assert found == bodies
