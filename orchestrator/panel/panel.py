"""The auditors that are models, sitting over one run's turns.

Blind votes first, from as few auditors as it takes; a debate only over what stays undecided; one
ruling an action. Whoever fails or abstains adds nothing, and too few votes end in the outcome that
is configured for that, never in "clear".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from orchestrator.auditors.model.auditor import ModelAuditor, Role
from orchestrator.auditors.model.case import Case
from orchestrator.clock import Clock
from orchestrator.config import Debate as DebateConfig
from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.action import Action
from orchestrator.domain.chance import Chance
from orchestrator.domain.docket import Docket
from orchestrator.domain.event import (
    AuditorsCalled,
    PanelConvened,
    PanelSettled,
    VerdictGiven,
    VoteCommitted,
)
from orchestrator.domain.panel import End, How, Ruling, Why
from orchestrator.domain.run import RunFacts
from orchestrator.domain.usage import Usage
from orchestrator.panel.aggregation import Posterior
from orchestrator.panel.ballot import Ballot, commit
from orchestrator.panel.companion import Companion
from orchestrator.panel.debate import Debate, Matter
from orchestrator.panel.news import News
from orchestrator.panel.schedule import Schedule, Wave
from orchestrator.panel.thresholds import Band, wald_band
from orchestrator.panel.wave import call_wave
from orchestrator.panel.weights import Member, Weights

Settle: TypeAlias = Callable[[Mapping[str, Ruling]], Awaitable[Mapping[str, Ruling]]]
"""What a control protocol makes of the rulings, before they stand."""


class Panel:
    """Judge the turns of one run."""

    def __init__(
        self,
        auditors: Sequence[ModelAuditor],
        config: PanelConfig,
        facts: RunFacts,
        chance: Chance,
        weights: Weights,
        clock: Clock,
        *,
        debate: DebateConfig | None = None,
        news: News | None = None,
        how: How | None = None,
        band: Band | None = None,
        companion: Companion | None = None,
    ) -> None:
        self._how = how
        self._auditors = {a.name: a for a in auditors if may_audit(a, facts.model)}
        self._config = config
        self._chance = chance
        self._clock = clock
        self._band = band or wald_band(config.false_stop, config.miss)
        self._companion = companion
        self._quorum = min(config.quorum, max(1, len(self._auditors)))
        members = price_members(list(self._auditors.values()))
        self._schedule = Schedule(members, weights, config, self._band, self._quorum)
        self._news = news or News(auditors, None, account="")
        self._debate = Debate(
            debate or DebateConfig(),
            self._auditors,
            neutral=find_role(auditors, "paraphraser", facts.model),
            arbiter=find_role(auditors, "arbiter", facts.model),
            chance=chance,
            clock=clock,
            call_deadline_s=config.call_deadline_s,
        )

    @property
    def members(self) -> tuple[str, ...]:
        """Return the names of those who may be called."""
        return tuple(self._auditors)

    @property
    def vendors(self) -> frozenset[str]:
        """Return the vendors of those who may be called."""
        return frozenset(auditor.vendor for auditor in self._auditors.values())

    async def judge(
        self,
        case: Case,
        why: Why,
        priors: Mapping[str, float],
        docket: Docket,
        deadline_s: float,
        settle: Settle | None = None,
    ) -> Mapping[str, Ruling]:
        """Return a ruling on each open action of `case`; every step stands on `docket`.

        `priors` are the log-odds that rules and local auditors give each action. Ends within
        `deadline_s` seconds, with the votes there are by then.
        """
        ends = self._clock.monotonic() + deadline_s
        turn = case.turn.index
        if self._companion:
            with self._news.charging():
                self._companion.beside(case, deadline_s)
        docket.add(PanelConvened(turn=turn, actions=case.open, why=why, members=self.members))
        ballot = Ballot()
        draw = self._chance.draw(turn, "calling")
        with self._news.charging():
            while wave := self._schedule.choose(ballot, priors, draw):
                left = ends - self._clock.monotonic()
                if left <= 0.0:
                    break
                await self._call(wave, case, ballot, docket, left)
                if ballot.awaits_replies:
                    break
            rulings = {
                action.id: await self._settle(case, action, ballot, priors[action.id], docket, ends)
                for _, action in case.questions
            }
        rulings = _bill(rulings, ballot)
        if settle:
            rulings = dict(await settle(rulings))
        docket.add(*(PanelSettled(turn=turn, ruling=ruling) for ruling in rulings.values()))
        return rulings

    async def _call(
        self, wave: Wave, case: Case, ballot: Ballot, docket: Docket, left: float
    ) -> None:
        """Let a wave vote blind: every vote is committed on record before any is revealed."""
        turn = case.turn.index
        docket.add(
            AuditorsCalled(
                turn=turn,
                auditors=wave.names,
                how=self._how or wave.how,
                propensity=wave.propensity,
            )
        )
        cast = await call_wave(
            [self._auditors[name] for name in wave.names],
            case,
            self._chance,
            second_look=self._config.second_look != "off",
            deadline_s=min(self._config.call_deadline_s, left),
        )
        for auditor, look, verdicts in cast:
            docket.add(
                VoteCommitted(turn=turn, auditor=auditor, look=look, commitment=commit(verdicts))
            )
        docket.add(*self._news.gather())
        await docket.publish()
        for auditor, _, verdicts in cast:
            ballot.take(auditor, verdicts)
            docket.add(
                *(
                    VerdictGiven(turn=turn, verdict=verdict, micros=_micros(verdict.usage))
                    for verdict in verdicts
                )
            )

    async def _settle(
        self,
        case: Case,
        action: Action,
        ballot: Ballot,
        prior: float,
        docket: Docket,
        ends: float,
    ) -> Ruling:
        """Rule on an action, after a debate where the blind votes left it undecided."""
        blind = self._rule(action.id, ballot, prior)
        if blind.end != "undecided":
            return blind

        def is_settled() -> bool:
            return self._schedule.is_settled(
                ballot, action.id, self._schedule.weigh(ballot, action.id, prior)
            )

        matter = Matter(case, action, ballot, docket, ends, is_settled)
        if not await self._debate.hold(matter):
            return blind
        docket.add(*self._news.gather())
        ruling = self._rule(action.id, ballot, prior)
        return ruling.model_copy(update={"debated": True, "blind": blind.probability})

    def _rule(self, action: str, ballot: Ballot, prior: float) -> Ruling:
        posterior = self._schedule.weigh(ballot, action, prior)
        votes = [vote for _, vote in ballot.votes(action)]
        scored = sum(vote.score is not None for vote in votes)
        failed = sum(vote.failed for vote in votes)
        end, reason = self._conclude(posterior, scored, self._band)
        return Ruling(
            action=action,
            end=end,
            probability=round(posterior.probability, 4) if scored else None,
            scores=ballot.scores(action),
            contributions={k: round(v, 4) for k, v in posterior.contributions.items()},
            low=self._band.low,
            high=self._band.high,
            scored=scored,
            abstained=len(votes) - scored - failed,
            failed=failed,
            prior=round(prior, 4),
            effective=round(posterior.k_eff, 2),
            reason=reason,
        )

    def _conclude(self, posterior: Posterior, scored: int, band: Band) -> tuple[End, str]:
        if scored < self._quorum or not scored:
            return "no quorum", f"{scored} of {self._quorum} model auditors gave a verdict"
        if posterior.probability <= band.low:
            return "clear", ""
        said = f"{scored} model auditors make it {posterior.probability:.2f}"
        if posterior.probability >= band.high:
            return "held", said
        return "undecided", f"{said}, between {band.low:.2f} and {band.high:.2f}"


def price_members(auditors: Sequence[ModelAuditor]) -> list[Member]:
    """Return auditors with what a call costs; all cost the same where one's price is unknown."""
    costs = [auditor.cost for auditor in auditors]
    known = [cost for cost in costs if cost is not None]
    is_known = len(known) == len(costs) and any(known)
    return [
        Member(one.name, one.vendor, one.model, one.cost if is_known and one.cost else 1.0)
        for one in auditors
    ]


def _bill(rulings: Mapping[str, Ruling], ballot: Ballot) -> dict[str, Ruling]:
    """Put what all calls of the turn took on its first ruling, so that sums count it once."""
    billed = dict(rulings)
    for action in list(billed)[:1]:
        billed[action] = billed[action].model_copy(update={"usage": ballot.usage()})
    return billed


def _micros(usage: Usage | None) -> int:
    return round(usage.seconds * 1_000_000) if usage else 0


def may_audit(auditor: ModelAuditor, agent: str | None) -> bool:
    """Say whether an auditor may sit over an agent of model `vendor/name`: never over its own."""
    return auditor.role == "auditor" and not is_same(auditor, agent)


def find_role(
    auditors: Sequence[ModelAuditor], role: Role, agent: str | None
) -> ModelAuditor | None:
    """Return the first of `auditors` with `role` that is not the agent's own model."""
    fit = (one for one in auditors if one.role == role and not is_same(one, agent))
    return next(fit, None)


def is_same(auditor: ModelAuditor, agent: str | None) -> bool:
    """Say whether an auditor is the model of the agent, `vendor/name`."""
    return agent is not None and agent.rpartition("/")[2] == auditor.model
