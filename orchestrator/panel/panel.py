"""The auditors that are models, sitting over one run's turns.

Blind votes first, from as few auditors as it takes; a debate only over what stays undecided; one
ruling an action. Whoever fails or abstains adds nothing, and too few votes end in the outcome that
is configured for that, never in "clear".
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

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
from orchestrator.models.spend import Spend
from orchestrator.panel.aggregation import Posterior, aggregate
from orchestrator.panel.ballot import Ballot, commit
from orchestrator.panel.calling import choose_first, choose_next, is_settled, should_stop
from orchestrator.panel.companion import Companion
from orchestrator.panel.debate import Debate, Matter
from orchestrator.panel.news import News
from orchestrator.panel.thresholds import Band, wald_band
from orchestrator.panel.wave import call_wave
from orchestrator.panel.weights import Member, Weights

Settle: TypeAlias = Callable[[Mapping[str, Ruling]], Awaitable[Mapping[str, Ruling]]]
"""What a control protocol makes of the rulings, before they stand."""


# Above 300 lines: one turn before the panel, from the first call to the rulings.


class Wave(NamedTuple):
    """Auditors called together, and the chance each had to be."""

    names: tuple[str, ...]
    how: How
    propensity: dict[str, float]


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
        spend: Spend | None = None,
        how: How | None = None,
        band: Band | None = None,
        companion: Companion | None = None,
    ) -> None:
        self._how = how
        self._auditors = {a.name: a for a in auditors if may_audit(a, facts.model)}
        self._members = [Member(a.name, a.vendor, a.model) for a in self._auditors.values()]
        self._config = config
        self._chance = chance
        self._weights = weights
        self._clock = clock
        self._band = band or wald_band(config.false_stop, config.miss)
        self._companion = companion
        self._quorum = min(config.quorum, max(1, len(self._members)))
        self._news = News(auditors, spend, account=chance.nonce("account"))
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
        return frozenset(member.vendor for member in self._members)

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
            while wave := self._choose_wave(ballot, priors, draw):
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

    def _choose_wave(
        self, ballot: Ballot, priors: Mapping[str, float], draw: random.Random
    ) -> Wave | None:
        """Return who is called next; None when all is settled or nobody may be called."""
        called, config = ballot.called, self._config
        if not self._members or len(called) >= min(config.k_max, len(self._members)):
            return None
        if config.calling == "all":
            names = tuple(self._auditors)[: config.k_max]
            return Wave(names, "all", dict.fromkeys(names, 1.0)) if not called else None
        if not called:
            first = choose_first(self._members, self._weights, config.first, draw, config.explore)
            chances = {choice.auditor: choice.propensity[choice.auditor] for choice in first}
            return Wave(tuple(chances), "first", chances)
        open_ = [
            posterior
            for action, prior in priors.items()
            if not self._may_stop(ballot, action, posterior := self._weigh(ballot, action, prior))
        ]
        if not open_:
            return None
        unsure = min(open_, key=lambda posterior: abs(posterior.log_odds))
        choice = choose_next(self._members, self._weights, unsure, called, config.explore, draw)
        return Wave((choice.auditor,), choice.how, choice.propensity)

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
            return self._is_settled(ballot, action.id, self._weigh(ballot, action.id, prior))

        matter = Matter(case, action, ballot, docket, ends, is_settled)
        if not await self._debate.hold(matter):
            return blind
        docket.add(*self._news.gather())
        ruling = self._rule(action.id, ballot, prior)
        return ruling.model_copy(update={"debated": True, "blind": blind.probability})

    def _weigh(self, ballot: Ballot, action: str, prior: float) -> Posterior:
        return aggregate(self._weights, prior, ballot.scores(action))

    def _may_stop(self, ballot: Ballot, action: str, posterior: Posterior) -> bool:
        """Say whether more votes on an action would hardly matter."""
        has_quorum = len(ballot.scores(action)) >= self._quorum
        return has_quorum and should_stop(
            self._members,
            self._weights,
            posterior,
            ballot.called,
            self._band,
            most=self._config.k_max,
        )

    def _is_settled(self, ballot: Ballot, action: str, posterior: Posterior) -> bool:
        return len(ballot.scores(action)) >= self._quorum and is_settled(posterior, self._band)

    def _rule(self, action: str, ballot: Ballot, prior: float) -> Ruling:
        posterior = self._weigh(ballot, action, prior)
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
