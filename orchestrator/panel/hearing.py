"""A panel and what it knows of a run: which turns it sees, and what it is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import Trace
from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.chance import Chance
from orchestrator.domain.docket import Docket
from orchestrator.domain.panel import Ruling
from orchestrator.domain.run import PanelUse, RunFacts
from orchestrator.domain.usage import add_usage
from orchestrator.domain.verdict import Hit, Verdict
from orchestrator.panel.aggregation import to_probability
from orchestrator.panel.panel import Panel
from orchestrator.panel.triage import choose_turn
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.tools import Stakes


class Hearing:
    """Follow one run and put its turns before the panel."""

    def __init__(
        self,
        panel: Panel,
        config: PanelConfig,
        rules: RuleSet,
        facts: RunFacts,
        chance: Chance,
        deadline_s: float,
    ) -> None:
        self._panel = panel
        self._config = config
        self._rules = rules
        self._tools = {tool.name: tool for tool in facts.tools}
        self._chance = chance
        self._deadline_s = deadline_s
        self._trace = Trace(facts)
        self.use = PanelUse(members=len(panel.members), vendors=len(panel.vendors))
        clauses = rules.constitution.clauses
        self._clauses = tuple((clause.id, clause.text) for clause in clauses)

    def hear(self, text: str) -> None:
        """Take note of the user's words."""
        self._trace.hear(text)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take note of a tool result."""
        self._trace.observe(observation, action)

    def take(self, turn: Turn, released: frozenset[str]) -> None:
        """Take note of a judged turn."""
        self._trace.take(turn, released)

    def stakes(self, action: Action) -> Stakes:
        """Say what is at stake in an action."""
        identity = self._rules.tools.identify(action, self._tools.get(action.tool))
        return self._rules.tools.stakes_of(identity)

    async def judge(
        self,
        turn: Turn,
        hits: Sequence[Hit],
        local: Sequence[Verdict],
        priors: Mapping[str, float],
        docket: Docket,
    ) -> dict[str, Ruling]:
        """Return rulings by action; none for what triage passes. `priors` names the open actions.

        Log-odds, as rules and local auditors give them.
        """
        if not priors:
            return {}
        asked = [action for action in turn.actions if action.id in priors]
        why = choose_turn(
            self._config,
            [self.stakes(action) for action in asked],
            max(map(to_probability, priors.values())),
            self._chance.draw(turn.index, "triage"),
        )
        if why is None:
            return {}
        case = self._write_case(turn, asked, hits, local)
        rulings = await self._panel.judge(case, why, priors, docket, self._deadline_s)
        self._count(list(rulings.values()))
        return rulings

    def _count(self, rulings: Sequence[Ruling]) -> None:
        self.use = self.use.plus(
            PanelUse(
                members=0,
                vendors=0,
                actions=len(rulings),
                scored=sum(ruling.scored for ruling in rulings),
                abstained=sum(ruling.abstained for ruling in rulings),
                failed=sum(ruling.failed for ruling in rulings),
                no_quorum=sum(ruling.end == "no quorum" for ruling in rulings),
                debates=sum(ruling.debated for ruling in rulings),
                usage=add_usage(ruling.usage for ruling in rulings),
            )
        )

    def _write_case(
        self, turn: Turn, asked: Sequence[Action], hits: Sequence[Hit], local: Sequence[Verdict]
    ) -> Case:
        kinds = {
            action.tool: self._rules.tools.identify(action, self._tools.get(action.tool)).kind
            for action in asked
        }
        return Case(
            turn=turn,
            open=tuple(action.id for action in asked),
            history=self._trace.look(),
            hits=tuple(hits),
            local=tuple(local),
            kinds=dict(kinds),
            clauses=self._clauses,
        )
