"""Calls that nobody would write but an attacker: nested, huge, of odd types and characters."""

from __future__ import annotations

import gc
import time
from typing import Any, NamedTuple

from hypothesis import strategies as st

from orchestrator.domain.action import Observation, Turn
from orchestrator.domain.call import read_action
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.secrets import SecretScanner

TOOLS = (
    "bash", "execute_sql", "python", "read_file", "write_file", "http_request", "send_email",
    "send_money", "post_message", "task", "update_user", "mcp__files__read", "", "\0", "\u202elst",
    "x" * 5000, "a.b/c:d__e",
)  # fmt: skip
NAMES = (
    "command", "cmd", "code", "query", "sql", "path", "file_path", "url", "to", "recipient", "body",
    "amount", "content", "prompt", "cwd", "recurring", "/~1", "", "\0", "\xe9t\xe9", "x" * 3000,
)  # fmt: skip
PIECES = (
    "rm -rf ", "$(", "`", ")", "'", '"', "\\", "<<EOF\n", "\nEOF\n", "| sh", "&& ", ";", "{a,b}",
    "{1..9}", "$'\\x41'", "${x:-", "}", "((", "[[", "]]", "eval ", "xargs -I{} ", "find . -exec ",
    "sudo ", "python -c ", "curl http://", "ssh host ", "if ", "then ", "fi", "case x in ", "esac",
    "for i in ", "do ", "done", "f() {", "SELECT * FROM ", "DROP TABLE ", "/*", "--", "; DELETE ",
    "http://", "https://user@", "169.254.169.254", "0x7f.1", "[::ffff:1]", "xn--", "%2e%2e/", "../",
    "/etc/passwd", "~/.ssh/id_rsa", "C:\\", "//", "\0", "\u202e", "\u2066", "\u200b", "\ud800",
    "e\u0301\u0301\u0301", "\U0001f3f4\u200d\u2620\ufe0f", "‹secret:aws:00000000›",
    "AKIAQ3EXAMPLE7LMNOPQ", "4111 1111 1111 1111", "a@b.example", ",", "=", ">", "<(", ">&2", "*",
    "?", "[a-z]", "import os\nos.system('", "')", "open(", "subprocess.run([", "\n", "\r", "\t",
    " ", "1e309", "-0",
)  # fmt: skip

_piece = st.sampled_from(PIECES)
_text = st.one_of(
    st.lists(_piece, max_size=12).map("".join),
    st.tuples(_piece, st.integers(1, 3000)).map(lambda pair: pair[0] * pair[1]),
    st.text(max_size=20),
)
_scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=20))
_leaf = st.one_of(_text, _scalar)
_name = st.one_of(st.sampled_from(NAMES), st.text(max_size=5))


def _nest(pair: tuple[Any, int]) -> Any:
    value, depth = pair
    for level in range(depth):
        value = [value] if level % 2 else {"path": value}
    return value


_value = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_name, inner, max_size=4),
        st.tuples(inner, st.integers(1, 80)).map(_nest),
    ),
    max_leaves=6,
)
_wide = st.tuples(st.one_of(_piece, _scalar), st.integers(1, 3000)).map(lambda p: [p[0]] * p[1])
_arguments = st.one_of(
    st.dictionaries(_name, st.one_of(_text, _text, _value, _wide), max_size=4),
    _value,
    st.text(max_size=30),
)
call_values = st.fixed_dictionaries(
    {"tool": st.one_of(st.sampled_from(TOOLS), st.text(max_size=8)), "arguments": _arguments}
)

_REDACTOR = Redactor(SecretScanner(), b"fuzz")


class Slowest(NamedTuple):
    """The check that took longest."""

    seconds: float = 0.0
    """Of the processor, so that a busy machine does not count."""
    shown: str = ""


def warm_up(ruleset: RuleSet) -> None:
    """Have everything imported that is imported at the first call that needs it."""
    judge_calls(ruleset, [{"tool": "sql", "arguments": {"query": "SELECT 1"}}], Slowest())


def judge_calls(ruleset: RuleSet, calls: list[Any], slowest: Slowest) -> Slowest:
    """Put each call through all rules, one run for all of them; return the slowest check so far."""
    state = ruleset.start(root="/srv/work")
    for number, call in enumerate(calls):
        action = read_action(call, place=f"c{number}", is_taken=lambda _: False)
        turn, _ = _REDACTOR.turn(Turn(index=number, actions=(action,)))
        gc.disable()  # a pause of the collector is for the heap of whoever made up the calls
        started = time.thread_time()
        hits = ruleset.check(turn, state)
        took = time.thread_time() - started
        gc.enable()
        slowest = max(slowest, Slowest(took, repr(call)[:300]))
        assert all(hit.action == turn.actions[0].id for hit in hits)
        ruleset.record(turn, frozenset({turn.actions[0].id}), state)
        text = _REDACTOR.text(repr(turn.actions[0].arguments)[:5000])
        ruleset.observe(Observation(action=action.id, content=text), turn.actions[0], state)
    return slowest
