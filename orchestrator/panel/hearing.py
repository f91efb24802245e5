"""A panel and what it knows of a run: which turns it sees, and what it is told of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import Trace
from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.chance import Chance
from orchestrator.domain.docket import Docket
from orchestrator.domain.event import Fact, SampleJudged, VerdictGiven
from orchestrator.domain.panel import Ruling
from orchestrator.domain.run import PanelUse, RunFacts
from orchestrator.domain.usage import add_usage
from orchestrator.domain.verdict import Hit, Verdict
from orchestrator.panel.aggregation import to_probability
from orchestrator.panel.jamming import jam
from orchestrator.panel.looks import Looks
from orchestrator.panel.news import News
from orchestrator.panel.panels import Panels
from orchestrator.panel.protocols import Given, Sampled
from orchestrator.panel.triage import choose_turn
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.tools import Stakes

Sampler: TypeAlias = Callable[[int], Awaitable[Sequence[SampleJudged]]]
"""Draws and judges that many further samples of the turn at hand."""


class Hearing:
    """Follow one run and put its turns before the panel."""

    def __init__(
        self,
        panels: Panels,
        config: PanelConfig,
        rules: RuleSet,
        facts: RunFacts,
        chance: Chance,
        deadline_s: float,
        news: News,
    ) -> None:
        self._panels = panels
        self._news = news
        self._protocol = panels.protocol
        self._config = config
        self._rules = rules
        self._tools = {tool.name: tool for tool in facts.tools}
        self._chance = chance
        self._deadline_s = deadline_s
        self._trace = Trace(facts)
        self._agent = facts.model
        budget = config.audit_budget
        self._looks = None if budget is None else Looks(budget, chance.draw("audit budget"))
        main = panels.main
        self._use = PanelUse(members=len(main.members), vendors=len(main.vendors))
        clauses = rules.constitution.clauses
        self._clauses = tuple((clause.id, clause.text) for clause in clauses)

    @property
    def use(self) -> PanelUse:
        """Return what the auditors did so far, and what they were charged."""
        return self._use.model_copy(update={"charged_usd": self._news.charged})

    def close(self) -> None:
        """Close the run's account."""
        self._news.forget()

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
        sampler: Sampler | None = None,
    ) -> Mapping[str, Ruling]:
        """Return rulings by action; none for what triage passes. `priors` names the open actions.

        `priors` are log-odds, as rules and local auditors give them; `sampler` judges further
        samples of the turn for a protocol that wants them.
        """
        if not priors:
            return {}
        asked = [action for action in turn.actions if action.id in priors]
        stakes = [self.stakes(action) for action in asked]
        why = choose_turn(
            self._config,
            stakes,
            max(map(to_probability, priors.values())),
            self._chance.draw(turn.index, "triage"),
        )
        if why is None:
            return {}
        case = self._write_case(turn, asked, hits, local)
        is_critical = "irreversible" in stakes

        async def settle(rulings: Mapping[str, Ruling]) -> Mapping[str, Ruling]:
            return await self._settle(rulings, is_critical, docket, sampler)

        panel = self._panels.for_turn(is_critical=is_critical)
        rulings = await panel.judge(case, why, priors, docket, self._deadline_s, settle)
        self._count(list(rulings.values()))
        return rulings

    async def judge_sample(
        self,
        number: int,
        turn: Turn,
        hits: Sequence[Hit],
        local: Sequence[Verdict],
        priors: Mapping[str, float],
    ) -> tuple[Mapping[str, Ruling], tuple[Verdict, ...]]:
        """Return rulings and votes on a sample of a turn, of which nothing else is recorded."""
        asked = [action for action in turn.actions if action.id in priors]
        case = self._write_case(turn, asked, hits, local)
        said: list[Fact] = []

        async def keep(*facts: Fact) -> tuple[()]:
            said.extend(facts)
            return ()

        panel, docket = self._panels.for_sample(number), Docket(keep)
        rulings = await panel.judge(case, "every turn", priors, docket, self._deadline_s)
        await docket.publish()
        used = add_usage((self._use.usage, *(ruling.usage for ruling in rulings.values())))
        self._use = self._use.model_copy(update={"usage": used})
        return rulings, tuple(fact.verdict for fact in said if isinstance(fact, VerdictGiven))

    async def _settle(
        self,
        rulings: Mapping[str, Ruling],
        is_critical: bool,
        docket: Docket,
        sampler: Sampler | None,
    ) -> Mapping[str, Ruling]:
        """Let the protocol, and what people have time for, make of the votes what they will."""
        if not self._protocol.family_clears:
            rulings = {name: self._doubt_family(ruling) for name, ruling in rulings.items()}
        given = Given(aggregator=self._config.aggregator, is_critical=is_critical)
        if self._protocol.wants_samples(rulings, is_critical=is_critical):
            given = given._replace(samples=await self._sample(docket, sampler))
        settled = self._protocol.rule(rulings, given)
        return self._looks.spend(settled) if self._looks else settled

    async def _sample(self, docket: Docket, sampler: Sampler | None) -> list[Sampled]:
        count = self._config.resamples
        if sampler is None:
            why = "the host gives no further samples"
            return [Sampled(number, None, why=why) for number in range(count)]
        judged = await sampler(count)
        docket.add(*judged)
        self._use = self._use.model_copy(update={"samples": self._use.samples + len(judged)})
        return [Sampled(one.number, one.alarm, one.clear, one.why) for one in judged]

    def _doubt_family(self, ruling: Ruling) -> Ruling:
        if ruling.end != "clear" or not self._panels.are_family(
            list(ruling.contributions), self._agent
        ):
            return ruling
        said = "all who scored may be of the agent's own family, which alone clears nothing"
        return ruling.model_copy(update={"end": "undecided", "reason": said})

    def _count(self, rulings: Sequence[Ruling]) -> None:
        self._use = self._use.plus(
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
        case = Case(
            turn=turn,
            open=tuple(action.id for action in asked),
            history=self._trace.look(),
            hits=tuple(hits),
            local=tuple(local),
            kinds=dict(kinds),
            clauses=self._clauses,
        )
        return jam(case) if self._protocol.redacts else case
