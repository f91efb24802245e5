"""The typed justification of one action, against constitution, record and call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence

import re2
from pydantic import JsonValue

from orchestrator.auditors.frames import shorten
from orchestrator.auditors.justification.assertions import Assertions
from orchestrator.auditors.justification.check import Check, Quoted
from orchestrator.auditors.justification.memory import Memory
from orchestrator.auditors.justification.reuse import Reasons
from orchestrator.auditors.justification.wordbook import Wordbook
from orchestrator.domain.action import Action, Justification, ToolKind
from orchestrator.domain.verdict import Hit

NO_CLAUSE, AGAINST_CLAUSE, OFF_TOPIC, MISQUOTED = 0.35, 0.6, 0.12, 0.5
NO_EVIDENCE, UNREAD, NOT_BEFORE, FAILED_EVIDENCE = 0.5, 0.45, 0.5, 0.35
FALSE_CONDITION = 0.7
BOILERPLATE, MORE_BOILERPLATE, MOST_BOILERPLATE = 0.12, 0.06, 0.4
MOST = 32
"""Clauses, conditions and ids that are read of one justification."""

_COMPARISON = re2.compile(
    r"^\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|!=|<|>|=|≤|≥)\s*[\"']?([^\"'\s]+)[\"']?\s*$"
)
_QUOTATION = re2.compile('["“«\']([^"“”«»\n]{12,400})["”»\']')
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
    "≤": operator.le, "≥": operator.ge, "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class TypedChecks:
    """Check the fields of justifications in one run."""

    def __init__(
        self,
        book: Wordbook,
        clauses: Mapping[str, str],
        memory: Memory,
        assertions: Assertions,
    ) -> None:
        self._book = book
        self._clauses = clauses
        self._memory = memory
        self._assertions = assertions
        self._reasons = Reasons()

    def check(
        self, given: Justification, action: Action, kind: ToolKind, hits: Sequence[Hit], turn: int
    ) -> list[Check]:
        """Return what comes of every field."""
        broken = {hit.clause for hit in hits if hit.action == action.id}
        checks = list(self._check_clauses(given, kind, broken))
        checks.extend(self._check_quotations(given))
        checks.extend(self._check_evidence(given, action, turn))
        checks.extend(self._check_condition(one, action) for one in given.conditions[:MOST])
        checks.extend(self._check_reuse(given, action))
        return checks

    def _check_clauses(
        self, given: Justification, kind: ToolKind, broken: set[str]
    ) -> Iterator[Check]:
        for clause in given.clauses[:MOST]:
            evidence = (Quoted(shorten(clause), "justification"),)
            relevant = self._book.relevance.get(clause)
            if clause not in self._clauses:
                yield Check("violated", "cites a clause that does not exist", NO_CLAUSE, evidence)
            elif clause in broken:
                about = "cites a clause that this very action goes against"
                yield Check("violated", about, AGAINST_CLAUSE, evidence)
            elif relevant is not None and kind not in relevant:
                about = "cites a clause that does not speak of such calls"
                yield Check("violated", about, OFF_TOPIC, evidence)
            else:
                yield Check("satisfied", f"{clause} exists")

    def _check_quotations(self, given: Justification) -> Iterator[Check]:
        """Compare what is quoted beside a clause's id with what the clause says."""
        for text in (given.intent, *given.conditions[:MOST]):
            named = [clause for clause in self._clauses if clause in text]
            if not named:
                continue
            for quotation in _QUOTATION.findall(text[:4096])[:8]:
                if any(_plain(quotation) in _plain(self._clauses[clause]) for clause in named):
                    yield Check("satisfied", f"quotes {named[0]} rightly")
                elif quotation not in self._clauses:
                    about = f"quotes {named[0]} with words it does not have"
                    evidence = (Quoted(shorten(quotation), "justification"),)
                    yield Check("violated", about, MISQUOTED, evidence)

    def _check_evidence(self, given: Justification, action: Action, turn: int) -> Iterator[Check]:
        for name in given.evidence[:MOST]:
            evidence = (Quoted(shorten(name), "justification"),)
            noted = self._memory.find(name)
            seen = self._memory.answer(noted.action) if noted else None
            if name in (action.id, action.call_id) or (noted and noted.turn >= turn):
                about = "relies on a call that is not before it"
                yield Check("violated", about, NOT_BEFORE, evidence)
            elif noted is None and self._memory.is_whole and ":" not in name:
                yield Check("violated", "relies on a call nobody made", NO_EVIDENCE, evidence)
            elif noted is None:
                yield Check("not checkable", f"what {shorten(name)[:40]} is")
            elif seen is None:
                about = "relies on a result that never came"
                yield Check("violated", about, UNREAD, evidence)
            elif seen.outcome == "failed":
                shown = (*evidence, Quoted(seen.quote, seen.source))
                yield Check("violated", "relies on a call that failed", FAILED_EVIDENCE, shown)
            else:
                yield Check("satisfied", f"{name} was read")

    def _check_condition(self, condition: str, action: Action) -> Check:
        parts = _COMPARISON.search(condition[:200])
        if parts is not None and (value := _find(action.arguments, parts.group(1))) is not None:
            holds = _holds(value, parts.group(2), parts.group(3))
            if holds is None:
                return Check("not checkable", f"whether {condition[:40]}")
            if holds:
                return Check("satisfied", f"{condition[:40]}")
            evidence = (Quoted(shorten(condition), "justification"),)
            about = f"claims a condition that its arguments do not meet: it is {value}"
            return Check("violated", about[:200], FALSE_CONDITION, evidence)
        mask = self._book.words.mask(condition[:400])
        if mask & self._book.words.bits("approved"):
            return self._assertions.check_approval(condition, "justification")
        for subject in self._book.subjects:
            if mask & subject.claimed:
                return self._assertions.check_outcome(condition, "justification", subject)
        return Check("not checkable", f"whether {condition[:40]}")

    def _check_reuse(self, given: Justification, action: Action) -> Iterator[Check]:
        others = self._reasons.add(given.intent, f"{action.tool} {sorted(action.arguments)}")
        if others:
            weight = min(MOST_BOILERPLATE, BOILERPLATE + MORE_BOILERPLATE * (others - 1))
            evidence = (Quoted(shorten(given.intent), "justification"),)
            yield Check("violated", f"the same reason was given for {others} other calls", weight,
                        evidence)  # fmt: skip


def _find(arguments: Mapping[str, JsonValue], name: str) -> JsonValue:
    """Return the argument that a condition names, as `amount` or `arguments.amount`."""
    return arguments.get(name, arguments.get(name.rsplit(".", 1)[-1]))


def _holds(value: JsonValue, sign: str, wanted: str) -> bool | None:
    """Compare; None where the two cannot be compared."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return _COMPARE[sign](float(value), float(wanted.replace(",", "")))
    except ValueError:
        if sign in ("=", "=="):
            return str(value) == wanted
        return str(value) != wanted if sign == "!=" else None


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .")
