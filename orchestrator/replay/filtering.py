"""A small language that chooses lines: `kind:verdict score>0.8 tool:shell -allow "rm -rf"`."""

from __future__ import annotations

import operator
import shlex
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from orchestrator.replay.rows import Row

FIELDS = ("kind", "word", "subject", "tool", "auditor", "text", "is")
IS = ("flag", "denied", "alarm", "doubt", "unverified")
EXAMPLES = ("is:flag", "kind:verdict score>0.8", "tool:shell -allow", "word:deny", '"rm -rf"')
Test: TypeAlias = Callable[[Row], bool]

_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip


class Filter(NamedTuple):
    """What was asked for, and whether a row is it."""

    text: str
    test: Test


def parse_filter(text: str) -> Filter:
    """Return the filter `text` asks for: every word of it has to hold.

    `field:word` looks in one field, `score>0.8` compares, a bare word looks everywhere, and `-`
    or `!` before any of them turns it round. ValueError says which word is not understood.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("a quotation mark is not closed") from None
    tests = [_negated(word) for word in words]
    return Filter(text, lambda row: all(test(row) for test in tests))


def _negated(word: str) -> Test:
    if len(word) > 1 and word[0] in "-!":
        test = _test(word[1:])
        return lambda row: not test(row)
    return _test(word)


def _test(word: str) -> Test:
    if word.startswith(("score", "seq")):
        name = "score" if word.startswith("score") else "seq"
        rest = word[len(name) :]
        sign = next((s for s in _SIGNS if rest.startswith(s)), None)
        if sign:
            return _comparison(name, sign, rest[len(sign) :])
    field, colon, value = word.partition(":")
    if not colon:
        return _anywhere(word.lower())
    if field not in FIELDS:
        known = ", ".join(FIELDS)
        raise ValueError(f"no field {field!r}; there are {known}, and score>0.8")
    return _state(value) if field == "is" else _in_field(field, value.lower())


def _comparison(name: str, sign: str, value: str) -> Test:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None

    def test(row: Row) -> bool:
        mine = row.score if name == "score" else float(row.seq)
        return mine is not None and _SIGNS[sign](mine, number)

    return test


def _anywhere(value: str) -> Test:
    return lambda row: any(value in part.lower() for part in (row.word, row.subject, row.text))


def _in_field(field: str, value: str) -> Test:
    if field == "kind":
        return lambda row: row.kind.startswith(value)
    if field == "auditor":
        return lambda row: row.kind == "verdict_given" and value in row.subject.lower()
    name = "subject" if field == "tool" else field
    return lambda row: value in getattr(row, name).lower()


def _state(value: str) -> Test:
    tests: dict[str, Test] = {
        "flag": lambda row: row.tone in ("flag", "modify", "escalate", "deny", "terminate"),
        "denied": lambda row: row.tone in ("deny", "terminate"),
        "alarm": lambda row: row.tone == "alarm",
        "doubt": lambda row: row.tone == "doubt",
        "unverified": lambda row: not row.is_verified,
    }
    if value not in tests:
        raise ValueError(f"nothing is {value!r}; a line can be {', '.join(tests)}")
    return tests[value]
