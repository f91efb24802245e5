"""Hold what an agent claims against the record of its run.

Every claim comes out as violated, satisfied or not checkable. Claims can make an action suspicious;
a claim that holds takes nothing away from what else is seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.auditors.auditor import Trust
from orchestrator.auditors.justification.assertions import Assertions
from orchestrator.auditors.justification.check import Check, weigh
from orchestrator.auditors.justification.memory import Memory
from orchestrator.auditors.justification.plans import Plans
from orchestrator.auditors.justification.typed import TypedChecks
from orchestrator.auditors.justification.wordbook import Wordbook, load_wordbook
from orchestrator.auditors.voices import Voice, argued, justified, spoken
from orchestrator.domain.action import Action, Observation, ToolKind, ToolSpec, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Hit, Verdict
from orchestrator.rules.constitution import Constitution, read_constitution
from orchestrator.rules.policies import find_policies, find_tools
from orchestrator.rules.tools import ToolMap, read_tools

NAME = "justification"
LOOK = "second"
_TELLS = ("mail", "message", "other", "delegate", "account")
"""Kinds of calls whose arguments tell somebody how things came out."""

_TECHNICAL = frozenset({"shell", "code", "file_read", "file_write", "sql"})
"""Kinds of calls that warnings in results are not about."""


class JustificationAuditor:
    """Check claims; needs no model."""

    name = NAME
    trust: Trust = "trusted"

    def __init__(
        self,
        book: Wordbook | None = None,
        tools: ToolMap | None = None,
        constitution: Constitution | None = None,
    ) -> None:
        self.book = book or load_wordbook()
        self.tools = tools or read_tools(find_tools())
        written = constitution or read_constitution(find_policies(()).constitution)
        self.clauses = {one.id: f"{one.text} {one.rationale}" for one in written.clauses}
        self.version = self.book.hash[:6] + written.ref.hash[:6]

    def open(self, facts: RunFacts) -> JustificationSeat:
        """Take a seat for one run."""
        return JustificationSeat(self, facts)


class JustificationSeat:
    """The justification auditor at one run."""

    def __init__(self, auditor: JustificationAuditor, facts: RunFacts) -> None:
        self._tools = auditor.tools
        self._specs: dict[str, ToolSpec] = {tool.name: tool for tool in facts.tools}
        self._memory = Memory(auditor.book)
        self._assertions = Assertions(auditor.book, self._memory)
        self._plans = Plans(auditor.book, auditor.tools)
        self._typed = TypedChecks(auditor.book, auditor.clauses, self._memory, self._assertions)
        self._nothing = Verdict(auditor=NAME, look=LOOK, opinion=weigh(()), version=auditor.version)
        if facts.task:
            self._assertions.hear(facts.task)

    def hear(self, text: str) -> None:
        """Take note of the user's words: they can approve, and they can name numbers."""
        self._assertions.hear(text)

    def judge(self, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
        """Return an opinion on each action, or on the turn where it has none."""
        voices = spoken(turn)
        kinds = [self._kind_of(action) for action in turn.actions]
        shared = self._assertions.check(voices, acts=not _TECHNICAL.issuperset(kinds))
        promise = self._plans.promise_of(voices)
        verdicts = []
        for action, kind in zip(turn.actions, kinds, strict=True):
            noted = self._memory.read(action, kind, turn.index)
            own = self._check_action(turn, action, kind, voices, hits)
            own.extend(self._assertions.check_weighing(noted, action))
            own.extend(self._plans.check(voices, promise, action, kind))
            verdicts.append(self._give([*shared, *own], action.id))
            self._memory.note(noted, action)
            if promise is not None:
                self._memory.promise(action.id, promise.text)
        self._memory.turn_over()
        return tuple(verdicts) or (self._give(shared, None),)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take note of how a call came out."""
        self._memory.observe(observation, action)

    def _kind_of(self, action: Action) -> ToolKind:
        return self._tools.identify(action, self._specs.get(action.tool)).kind

    def _check_action(
        self,
        turn: Turn,
        action: Action,
        kind: ToolKind,
        voices: Sequence[Voice],
        hits: Sequence[Hit],
    ) -> list[Check]:
        checks: list[Check] = []
        heard: list[Voice] = []
        if action.justification is not None:
            heard.extend(justified(action.justification))
        if kind in _TELLS or (kind == "shell" and "git commit" in (text := argued(action))):
            text = argued(action)
            if text:
                heard.append(Voice("arguments", text))
        if heard:
            checks.extend(self._assertions.check(heard, acts=False))
        given = turn.reason_for(action)
        if given is not None:
            checks.extend(self._typed.check(given, action, kind, hits, turn.index))
        return checks

    def _give(self, checks: Sequence[Check], action: str | None) -> Verdict:
        if not checks:
            update: dict[str, object] = {"action": action}
            return self._nothing.model_copy(update=update) if action else self._nothing
        opinion = weigh(checks)
        return self._nothing.model_copy(update={"action": action, "opinion": opinion})
