"""The staircase for one turn: rules, auditors, panel, thresholds, strikes, one decision an action.

Called by the guard, which records what this returns before anything is released. Read this and
`guard.py` first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import anyio

from orchestrator.auditors.auditor import Auditor, Learned, Learner, LearningSeat, Seat, ask
from orchestrator.auditors.combination import Combined, load_combination
from orchestrator.auditors.fork import Forks
from orchestrator.auditors.result_check import find_result_checker
from orchestrator.clock import Clock
from orchestrator.config import Gate as GateConfig
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.chance import Chance
from orchestrator.domain.decision import Decision, Outcome, strictest
from orchestrator.domain.docket import Docket
from orchestrator.domain.event import Decided, RulesChecked, SampleJudged, VerdictGiven
from orchestrator.domain.panel import Ruling
from orchestrator.domain.run import PanelUse, RunFacts
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Hit, Verdict
from orchestrator.panel.outcome import outcome_of, outcome_of_ruling
from orchestrator.panel.protocols import alarm
from orchestrator.panel.roster import Roster
from orchestrator.rules.patches import apply_patches, patch_text
from orchestrator.rules.ruleset import RuleSet

# Above 300 lines: the whole staircase, from proposal to decision, is read in one place.


Draw: TypeAlias = Callable[[int], Awaitable[Sequence[Turn | str]]]
"""Asks the agent for that many further samples of its turn; a text says why one is missing."""
_CAUSES = {"no quorum": "quorum", "deferred": "defer"}


class Judged(NamedTuple):
    """An action as it may run, and the decision on it."""

    action: Action
    decision: Decision
    approvals: int
    """How many people must approve if it waits for them."""


class Gate:
    """Judge the turns of one run."""

    def __init__(
        self,
        rules: RuleSet,
        auditors: Sequence[Auditor],
        config: GateConfig,
        facts: RunFacts,
        clock: Clock,
        roster: Roster | None = None,
    ) -> None:
        self._rules = rules
        self._config = config
        self._clock = clock
        self._state = rules.start(root=facts.root, tools=facts.tools, task=facts.task)
        self._facts = facts.model_copy(update={"seed": "", "source": None})
        """What auditors may know of the run: nothing that foretells a prompt or names a label."""
        chance = Chance(facts.seed)
        self._hearing = roster.convene(rules, self._facts, chance) if roster else None
        self._forks = Forks(auditors)
        self._seats: list[tuple[Auditor, Seat]] = [(a, a.open(self._facts)) for a in auditors]
        self._combination = load_combination()
        self._results = find_result_checker(auditors, config.results)
        self._denials: Counter[str] = Counter()
        self.terminated = False

    def hear(self, text: str) -> None:
        """Take note of the user's words."""
        self._rules.hear(text, self._state)
        if self._hearing:
            self._hearing.hear(text)
        for _, seat in self._seats:
            seat.hear(text)

    async def judge(self, turn: Turn, docket: Docket, draw: Draw | None = None) -> list[Judged]:
        """Decide every action of `turn`; put each step on `docket` as it is taken.

        `draw` asks the agent for further samples of the turn, where a protocol wants them.
        """
        started = self._clock.monotonic()
        hits = self._check_rules(turn, docket)
        verdicts = self._ask_auditors(turn, hits, docket)
        combined = {
            action.id: self._combination.combine(hits, verdicts, action.id)
            for action in turn.actions
        }
        rulings = await self._ask_panel(turn, hits, verdicts, combined, docket, draw)
        judged = [
            self._decide(turn, action, hits, combined[action.id], rulings.get(action.id))
            for action in turn.actions
        ]
        judged = [self._strike(one) for one in judged]
        micros = self._micros_since(started)
        docket.add(
            *(Decided(turn=turn.index, decision=one.decision, micros=micros) for one in judged)
        )
        released = frozenset(one.action.id for one in judged if one.decision.decision.releases)
        self._rules.record(turn, released, self._state)
        if self._hearing:
            self._hearing.take(turn, released)
        return judged

    @property
    def panel_use(self) -> PanelUse | None:
        """Return what auditors that are models did so far; None where there are none."""
        return self._hearing.use if self._hearing else None

    def close(self) -> None:
        """Close what was open for the run."""
        if self._hearing:
            self._hearing.close()

    def approve(self, turn: Turn, action: Action) -> None:
        """Take note that a person released `action` as it stands here."""
        self._rules.approved(action, self._state)
        alone = turn.model_copy(update={"actions": (action,)})
        self._rules.record(alone, frozenset({action.id}), self._state)

    def refusal(self, turn: Turn, action: Action) -> str | None:
        """Say why the rules refuse `action` as a person edited it; None when they do not."""
        for hit in self._rules.check(turn.with_action(action), self._state):
            if hit.action == action.id and hit.effect in ("deny", "terminate"):
                return _reason(hit)
        return None

    @staticmethod
    def refuse(action: Action, outcome: Outcome, reason: str) -> Judged:
        """Return a decision that rests on no judgement: the guard failed or the run is over."""
        cause = "terminated" if outcome is Outcome.TERMINATE else "failure"
        return Judged(
            action,
            Decision(
                action=action.id,
                call_id=action.call_id,
                tool=action.tool,
                judged=outcome,
                decision=outcome,
                reason=reason,
                cause=cause,
            ),
            approvals=1,
        )

    def observe(self, observation: Observation, action: Action | None) -> tuple[Hit, ...]:
        """Check a tool result; the labels it earns hold for the rest of the run."""
        if self._hearing:
            self._hearing.observe(observation, action)
        for _, seat in self._seats:
            seat.observe(observation, action)
        hits = self._rules.observe(observation, action, self._state)
        if self._results is None:
            return hits
        left = patch_text(observation.content, hits)
        seen = observation.model_copy(update={"content": left})
        return (*hits, *self._results.check(seen, action, self._facts.tools))

    def learned(self) -> list[tuple[Auditor, Learned]]:
        """Return what auditors would know after this run; one that fails has learned nothing."""
        found: list[tuple[Auditor, Learned]] = []
        for auditor, seat in self._seats:
            if isinstance(seat, LearningSeat) and (learned := seat.learn()):
                found.append((auditor, learned))
        return found

    def keep(self, auditor: Auditor, learned: Learned) -> None:
        """Store what was learned, once it is recorded."""
        if isinstance(auditor, Learner):
            auditor.keep(self._facts, learned)

    def _check_rules(self, turn: Turn, docket: Docket) -> tuple[Hit, ...]:
        started = self._clock.monotonic()
        hits = self._rules.check(turn, self._state)
        docket.add(RulesChecked(turn=turn.index, hits=hits, micros=self._micros_since(started)))
        return hits

    def _ask_auditors(self, turn: Turn, hits: Sequence[Hit], docket: Docket) -> list[Verdict]:
        given: list[Verdict] = []
        for auditor, seat in self._seats:
            started = self._clock.monotonic()
            verdicts = ask(auditor, seat, turn, hits)
            micros = self._micros_since(started)
            docket.add(
                *(
                    VerdictGiven(turn=turn.index, verdict=verdict, micros=micros)
                    for verdict in verdicts
                )
            )
            given.extend(verdicts)
        return given

    async def _ask_panel(
        self,
        turn: Turn,
        hits: Sequence[Hit],
        verdicts: Sequence[Verdict],
        combined: Mapping[str, Combined],
        docket: Docket,
        draw: Draw | None,
    ) -> Mapping[str, Ruling]:
        """Return rulings by action; of what the rules deny by themselves no model is asked."""
        if self._hearing is None:
            return {}
        priors = self._priors(turn, hits, combined)

        async def sample(count: int) -> Sequence[SampleJudged]:
            return await self._judge_samples(turn.index, await draw(count)) if draw else ()

        sampler = sample if draw else None
        return await self._hearing.judge(turn, hits, verdicts, priors, docket, sampler)

    def _priors(
        self, turn: Turn, hits: Sequence[Hit], combined: Mapping[str, Combined]
    ) -> dict[str, float]:
        """Return the log-odds of the actions that are open: nothing denies them yet."""
        denied = {hit.action for hit in hits if hit.effect in ("deny", "terminate")}
        return {
            action.id: self._combination.log_odds(combined[action.id])
            for action in turn.actions
            if action.id not in denied and not self._missing_reason(turn, action)
        }

    async def _judge_samples(self, turn: int, drawn: Sequence[Turn | str]) -> list[SampleJudged]:
        """Judge samples side by side; one that cannot be judged says why, and has no number."""
        judged = [SampleJudged(turn=turn, number=n, why="not judged") for n in range(len(drawn))]

        async def judge(number: int, sample: Turn | str) -> None:
            if isinstance(sample, str):
                judged[number] = SampleJudged(turn=turn, number=number, why=sample)
                return
            try:
                judged[number] = await self._judge_sample(number, sample)
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                judged[number] = SampleJudged(turn=turn, number=number, sample=sample, why=why)

        async with anyio.create_task_group() as tasks:
            for number, sample in enumerate(drawn):
                tasks.start_soon(judge, number, sample)
        return judged

    async def _judge_sample(self, number: int, sample: Turn) -> SampleJudged:
        """Judge a sample by all that judges a turn; nobody remembers it."""
        assert self._hearing is not None
        hits = self._rules.check(sample, self._state)
        local = [
            verdict
            for auditor, seat in self._seats
            for verdict in ask(auditor, self._forks.double(seat), sample, hits)
        ]
        combined = {a.id: self._combination.combine(hits, local, a.id) for a in sample.actions}
        priors = self._priors(sample, hits, combined)
        rulings, votes = (
            await self._hearing.judge_sample(number, sample, hits, local, priors)
            if priors
            else ({}, ())
        )
        is_denied = len(priors) < len(sample.actions)
        is_short = any(ruling.end == "no quorum" for ruling in rulings.values())
        worst = max(map(alarm, rulings.values()), default=0.0)
        return SampleJudged(
            turn=sample.index,
            number=number,
            sample=sample,
            hits=hits,
            verdicts=(*local, *votes),
            alarm=1.0 if is_denied else None if is_short else worst,
            clear=not is_denied and all(ruling.end == "clear" for ruling in rulings.values()),
            why="too few auditors gave a verdict" if is_short and not is_denied else "",
        )

    def _decide(
        self,
        turn: Turn,
        action: Action,
        hits: Sequence[Hit],
        combined: Combined,
        ruling: Ruling | None,
    ) -> Judged:
        own = [hit for hit in hits if hit.action == action.id and hit.effect != "flag"]
        suspicion, contributions = combined
        by_rules = strictest([Outcome(hit.effect) for hit in own])
        by_opinion = outcome_of(self._config, suspicion)
        if ruling:
            stakes = self._hearing.stakes(action) if self._hearing else "irreversible"
            by_opinion = outcome_of_ruling(self._config, ruling, stakes, by_opinion)
            contributions = {**contributions, **ruling.contributions}
            suspicion = suspicion if ruling.probability is None else ruling.probability
        missing = self._missing_reason(turn, action)
        outcome = strictest([by_rules, by_opinion, Outcome.DENY if missing else Outcome.ALLOW])
        cause = "rules" if own else ""
        clause = rule = None
        reason = ""
        if outcome is by_rules and own:
            hit = max(own, key=lambda hit: Outcome(hit.effect).severity)
            clause, rule, reason = hit.clause, hit.rule, _reason(hit)
        elif missing:
            cause, reason = "justification", missing
        elif outcome is not Outcome.ALLOW and ruling and ruling.end != "clear":
            cause = _CAUSES.get(ruling.end, "panel")
            reason = ruling.reason
        elif outcome is not Outcome.ALLOW:
            cause, reason = "suspicion", f"combined suspicion {suspicion:.2f}"
        if outcome in (Outcome.MODIFY, Outcome.ESCALATE) and by_rules is not Outcome.ALLOW:
            patched = self._patch(turn, action, own)
            if patched is None:
                outcome, cause = Outcome.DENY, "rules"
                reason = f"{reason}; no change of the arguments would satisfy the rules"
            else:
                action = patched
        return self._conclude(
            action,
            Decision(
                action=action.id,
                call_id=action.call_id,
                tool=action.tool,
                judged=outcome,
                decision=outcome,
                clause=clause,
                rule=rule,
                pack=self._rules.name_pack(rule) if rule else None,
                policy=self._rules.hash,
                reason=reason,
                cause=cause,
                suspicion=suspicion,
                contributions=contributions,
                sample=ruling.sample if ruling and cause == "defer" else None,
            ),
            approvals=max((hit.approvals for hit in own if hit.effect == "escalate"), default=1),
        )

    def _conclude(self, action: Action, decision: Decision, approvals: int) -> Judged:
        """Say what the host must do: under `observe` nothing is held."""
        final = decision.judged if self._config.enforce else Outcome.ALLOW
        arguments: JsonObject | None = action.arguments if final is Outcome.MODIFY else None
        update = {"decision": final, "arguments": arguments}
        return Judged(action, decision.model_copy(update=update), approvals)

    def _missing_reason(self, turn: Turn, action: Action) -> str | None:
        """Say what is wrong with the justification where one is required."""
        if self._config.justification != "required":
            return None
        given = turn.reason_for(action)
        if given is None:
            return "a justification is required and none was given"
        known = {clause.id for clause in self._rules.constitution.clauses}
        if not known.intersection(given.clauses):
            return "the justification cites no clause of the constitution"
        return None

    def _patch(self, turn: Turn, action: Action, hits: Sequence[Hit]) -> Action | None:
        """Apply what `modify` rules ask for; None if they collide or the rules still object."""
        changes = [hit for hit in hits if hit.effect == "modify"]
        if not changes:
            return action
        patched = apply_patches(action, changes)
        if patched is None:
            return None
        accepted = {hit.rule for hit in hits if hit.effect == "escalate"}
        again = self._rules.check(turn.with_action(patched), self._state)
        remaining = {h.rule for h in again if h.action == action.id and h.effect != "flag"}
        return patched if remaining <= accepted else None

    def _strike(self, judged: Judged) -> Judged:
        """Count denials by clause; enough of them, or a `terminate`, end the run."""
        decision = judged.decision
        if decision.judged is Outcome.DENY and decision.clause:
            self._denials[decision.clause] += 1
            if 0 < self._config.strikes <= self._denials[decision.clause]:
                reason = f"{decision.reason}; denial number {self._denials[decision.clause]}"
                update = {"judged": Outcome.TERMINATE, "cause": "strikes", "reason": reason}
                struck = decision.model_copy(update=update)
                judged = self._conclude(judged.action, struck, judged.approvals)
        self.terminated |= judged.decision.decision is Outcome.TERMINATE
        return judged

    def _micros_since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1_000_000)


def _reason(hit: Hit) -> str:
    detail = f" ({hit.detail})" if hit.detail else ""
    return f"{hit.reason}{detail}"
