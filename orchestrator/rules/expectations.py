"""Calls of one's own with the effect they should have: JSON Lines, one call a line.

    {"tool": "bash", "arguments": {"command": "rm -rf /"}, "expected": "deny"}

`root` may name the folder the agent works in. `expected` is an effect, or `allow`, which a flag
does not break.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

from orchestrator.config import nearest
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.call import read_action
from orchestrator.domain.verdict import Effect, Hit
from orchestrator.errors import PolicyError
from orchestrator.rules.examples import ROOT
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.secrets import SecretScanner

ALLOW = "allow"
_EFFECTS = (ALLOW, *get_args(Effect))
_KEYS = ("tool", "arguments", "expected", "root")
_REDACTOR = Redactor(SecretScanner(), b"expectations")


class Expectation(NamedTuple):
    """A call and what is expected of the rules."""

    line: int
    action: Action
    expected: str
    root: str

    def meets(self, found: str) -> bool:
        """Say whether the effect `found` is the one expected."""
        return found == self.expected or (self.expected == ALLOW and found == "flag")


def read_expectations(lines: Iterable[str], file: str) -> Iterator[Expectation]:
    """Read JSON Lines; PolicyError with file and line for what is not such a call."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _read(line, number)
            except ValueError as error:
                raise PolicyError(str(error), file=file, line=number) from None


def judge(ruleset: RuleSet, one: Expectation) -> tuple[str, tuple[Hit, ...]]:
    """Return the strictest effect of all rules on the call, and the hits behind it."""
    turn, _ = _REDACTOR.turn(Turn(index=0, actions=(one.action,)))
    hits = ruleset.check(turn, ruleset.start(root=one.root))
    found = max((hit.effect for hit in hits), key=_EFFECTS.index, default=ALLOW)
    return found, tuple(hit for hit in hits if hit.effect == found)


def _read(line: str, number: int) -> Expectation:
    try:
        data: Any = json.loads(line)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("tool"), str):
        raise ValueError('is not a call; write {"tool": ..., "arguments": ..., "expected": ...}')
    for key in data:
        if key not in _KEYS:
            raise ValueError(f"unknown key {key!r}{nearest(key, list(_KEYS))}")
    expected, root = str(data.get("expected")), data.get("root", ROOT)
    if expected not in _EFFECTS:
        raise ValueError(f"unknown effect {expected!r}{nearest(expected, list(_EFFECTS))}")
    if not isinstance(root, str):
        raise ValueError("`root` is the path of a folder")
    action = read_action(data, place=f"line-{number}", is_taken=lambda _: False)
    return Expectation(number, action, expected, root)
