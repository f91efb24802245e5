"""The provenance auditor: whose words an action carries out, and where its values come from."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from orchestrator.auditors.auditor import Trust
from orchestrator.auditors.provenance.atoms import MAX_VALUES, AtomValue, is_foreign, read_values
from orchestrator.auditors.provenance.findings import MAX_CLAIMS, join
from orchestrator.auditors.provenance.index import Index
from orchestrator.auditors.provenance.instructions import Detector
from orchestrator.auditors.provenance.policy import Policy, load_policy
from orchestrator.auditors.provenance.purpose import Asked, Purpose, Purposes, is_telling, spells
from orchestrator.auditors.provenance.scoring import Case, Scorer
from orchestrator.domain.action import Action, Observation, ToolSpec, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Claim, Hit, Scored, Verdict
from orchestrator.rules.policies import find_tools
from orchestrator.rules.tools import ToolMap, read_tools

NAME = "provenance"
MAX_TOOLS = 512
"""Different tools of a run that are remembered."""
MAX_CALLS = 4_096
"""Different calls of reading tools that are remembered."""


class ProvenanceAuditor:
    """Hold an action that serves an instruction found in a tool result, not the user."""

    name = NAME
    trust: Trust = "trusted"

    def __init__(self, policy: Policy | None = None, tools: ToolMap | None = None) -> None:
        self.policy = policy or load_policy()
        self.tools = tools or read_tools(find_tools())
        self.detector = Detector(self.policy.instructions)
        self.purposes = Purposes(self.policy)
        self.version = hashlib.sha256(f"{self.policy.hash} {self.tools.hash}".encode()).hexdigest()[
            :12
        ]

    def open(self, facts: RunFacts) -> ProvenanceSeat:
        """Take a seat for one run."""
        return ProvenanceSeat(self, facts)

    def purpose(self, action: Action, spec: ToolSpec | None) -> Purpose:
        """Say what the tool of `action` is for."""
        kind = self.tools.identify(action, spec).kind
        return self.purposes.of_tool(action.tool, kind, spec.description if spec else "")


class ProvenanceSeat:
    """The auditor at work on one run."""

    def __init__(self, auditor: ProvenanceAuditor, facts: RunFacts) -> None:
        self._auditor = auditor
        self._specs = {spec.name: spec for spec in facts.tools}
        self._telling = telling_names(tuple(spec.name for spec in facts.tools))
        self._index = Index()
        self._scorer = Scorer(auditor.policy, auditor.purposes, self._index)
        self._asked = Asked(frozenset(), delegated=False, refers=False, many=False)
        self._order = 0
        self._first_use: dict[str, int] = {}
        self._acted: dict[str, frozenset[str]] = {}
        self._read: set[tuple[str, frozenset[str]]] = set()
        self._named_use: set[str] = set()
        self._judged: dict[str, tuple[Action, Purpose, list[AtomValue]]] = {}
        if facts.task:
            self.hear(facts.task)

    def hear(self, text: str) -> None:
        """Take note of the user's words."""
        self._index.hear(text)
        self._asked = self._auditor.purposes.asked(self._index.words)

    def judge(self, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
        """Return an opinion on each action."""
        self._judged.clear()
        return tuple(self._judge(action) for action in turn.actions)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take in a result, with the instructions in it."""
        content = observation.content
        blocks = self._auditor.detector.find(content, self._telling)
        values: list[AtomValue] = []
        acted = asked_for = False
        if action is not None:
            purpose, values = self._recall(action)
            acted = purpose.acts
            asked_for = any(noun in self._index.words for noun in purpose.nouns)
        name = observation.action or observation.call_id or "?"
        self._index.take_in(
            name,
            content,
            blocks,
            named=acted
            or asked_for
            or self._index.is_named([v.text for v in values if v.is_atom or v.is_critical]),
            order=self._order,
        )

    def _judge(self, action: Action) -> Verdict:
        purpose = self._purpose(action)
        scores = self._auditor.policy.provenance.scores
        suspicion = scores.nothing
        claims: tuple[Claim, ...] = ()
        values = self._values(action, purpose)
        self._judged[action.id] = action, purpose, values
        if not purpose.is_inert:
            fresh = [value for value in values if not self._index.was_said(value.text)]
            case = self._open_case(action, purpose, fresh, values)
            found = self._scorer.find(case, self._asked)
            suspicion = join(found, scores)
            found.sort(key=lambda finding: -finding.suspicion)
            claims = tuple(finding.claim for finding in found[:MAX_CLAIMS] if finding.claim.quote)
        claims += _note_limits(action, values)
        self._remember(action, purpose, values)
        return Verdict(
            auditor=NAME,
            action=action.id,
            opinion=Scored(suspicion=suspicion, claims=claims),
            version=self._auditor.version,
        )

    def _open_case(
        self,
        action: Action,
        purpose: Purpose,
        fresh: Sequence[AtomValue],
        values: Sequence[AtomValue],
    ) -> Case:
        decisive = frozenset(v.text for v in values if v.is_critical and v.is_atom)
        before = self._acted.get(action.tool)
        is_on_named = bool(decisive) and all(map(self._index.was_said, decisive))
        call = (action.tool, frozenset(v.text for v in values))
        reads = not purpose.acts and not purpose.is_instrument
        repeats = reads and call in self._read
        is_again = reads and bool(decisive) and not is_on_named and action.tool in self._named_use
        if reads and len(self._read) < MAX_CALLS:
            self._read.add(call)
        if is_on_named and len(self._named_use) < MAX_TOOLS:
            self._named_use.add(action.tool)
        if purpose.acts and len(self._acted) < MAX_TOOLS:
            self._acted[action.tool] = decisive
        return Case(
            purpose=purpose,
            values=fresh,
            departs=self._departs(purpose),
            is_anchored=len(fresh) < len(values),
            on_named_target=is_on_named,
            order=self._order,
            used_before=self._first_use.get(action.tool),
            repeats=repeats,
            is_again=is_again,
            again=before is not None
            and before.isdisjoint(decisive)
            and not any(map(self._index.was_said, decisive)),
        )

    def _departs(self, purpose: Purpose) -> bool:
        """Say whether nothing the user said asks for such an act."""
        if not self._index.words or purpose.is_instrument:
            return False
        if self._asked.delegated or spells(purpose, self._index.words):
            return False
        if not purpose.acts or not purpose.intents:
            words = self._index.words
            topics = (*purpose.topics, *purpose.words[:1]) if purpose.acts else purpose.topics
            return bool(topics) and not any(topic in words for topic in topics)
        return purpose.intents.isdisjoint(self._asked.intents)

    def _purpose(self, action: Action) -> Purpose:
        return self._auditor.purpose(action, self._specs.get(action.tool))

    def _recall(self, action: Action) -> tuple[Purpose, list[AtomValue]]:
        """Return what was read of an action when it was judged; read it where it was not."""
        known = self._judged.get(action.id)
        if known is not None and known[0] is action:
            return known[1:]
        purpose = self._purpose(action)
        return purpose, self._values(action, purpose)

    def _values(self, action: Action, purpose: Purpose) -> list[AtomValue]:
        values = read_values(action, self._auditor.tools, self._auditor.policy.critical)
        return [v for v in values if is_foreign(v.text)] if purpose.runs_code else values

    def _remember(self, action: Action, purpose: Purpose, values: Sequence[AtomValue]) -> None:
        self._index.use((value.text for value in values), self._order)
        self._order += 1
        if len(self._first_use) < MAX_TOOLS:
            self._first_use.setdefault(action.tool, self._order)


def _note_limits(action: Action, values: Sequence[AtomValue]) -> tuple[Claim, ...]:
    """Say what of an action was not looked at; a note raises nothing."""
    notes = []
    if action.malformed:
        notes.append(f"only the text of unreadable arguments was traced ({action.malformed[:120]})")
    if len(values) >= MAX_VALUES:
        notes.append(f"only the first {MAX_VALUES} values were traced")
    return tuple(Claim(text=note, quote="", source="arguments") for note in notes)


@functools.lru_cache(maxsize=256)
def telling_names(names: tuple[str, ...]) -> frozenset[str]:
    """Return the names of tools that no ordinary text would contain."""
    return frozenset(name.lower() for name in names if is_telling(name))
