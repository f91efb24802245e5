"""All work beside the votes of one run: who grades the auditors, and who judges their reasons.

Nothing of it counts as a vote, delays a decision, or is shown to the agent. What is drawn is drawn
from the seed of the run, whatever anybody votes, so that a replay draws the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextvars import copy_context

from orchestrator.auditors.auditor import Learned
from orchestrator.auditors.combination import Combined, load_combination
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.audits.background import Append, Background, Note
from orchestrator.audits.canary import Canary, Workshop
from orchestrator.audits.cross import (
    Assignment,
    CrossAudit,
    SpotCheck,
    draw_cross_audits,
    is_spot_checked,
)
from orchestrator.audits.foresight import foresee
from orchestrator.audits.job import Job
from orchestrator.audits.ladder import Measures
from orchestrator.audits.learning import learn
from orchestrator.audits.showing import Due, Showing, count_votes, draw_kind, schedule
from orchestrator.audits.stock import load_stock
from orchestrator.audits.swapping import Tester
from orchestrator.config import Config
from orchestrator.domain.chance import Chance
from orchestrator.domain.event import (
    CanaryShown,
    CrossAudited,
    Fact,
    PanelSettled,
    SpotChecked,
    SwapTested,
    VerdictGiven,
)
from orchestrator.domain.run import PanelUse, RunFacts
from orchestrator.domain.usage import Usage, add_usage
from orchestrator.domain.verdict import Scored, Verdict
from orchestrator.panel.panel import may_audit
from orchestrator.panel.roster import Roster
from orchestrator.panel.snapshot import Label, as_members, name_scores
from orchestrator.panel.thresholds import wald_band
from orchestrator.rules.ruleset import RuleSet

BAD_FROM = 0.5
"""Suspicion from which the arbiter is taken to say that an action should not run."""


class Audits:
    """Grade and cross-audit the auditors of one run; sits beside its panel as a companion."""

    def __init__(
        self,
        roster: Roster,
        rules: RuleSet,
        facts: RunFacts,
        config: Config,
        append: Append,
        note_failure: Note,
    ) -> None:
        recalled = roster.recall(facts.panel)
        self._config = config
        self._learns = facts.mode == "live" and roster.snapshots is not None
        self._snapshots = roster.snapshots
        self._append_raw = append
        self._voters = {a.name: a for a in roster.auditors if may_audit(a, facts.model)}
        versions = {name: auditor.version for name, auditor in self._voters.items()}
        self._measures = Measures(facts, versions, config.panel.quorum)
        self.known = recalled._replace(weights=self._measures.weigh(recalled.weights))
        self._arbiter = next((a for a in roster.auditors if a.role == "arbiter"), None)
        self._chance = Chance(Chance(facts.seed).nonce("audits"))
        self._stock = load_stock()
        self._workshop = Workshop(rules, facts, self._stock)
        self._tester = Tester(
            facts, self._voters, self.out, self._workshop, self._stock, self._chance, config
        )
        self._rules = rules
        self._specs = {tool.name: tool for tool in facts.tools}
        self._rubric = load_rubric("rationale")
        self._band = self.known.band or wald_band(config.panel.false_stop, config.panel.miss)
        self._prior = load_combination().log_odds(Combined(None, {}))
        self._case: Case | None = None
        self._account = copy_context()
        """Where calls are charged to the run, as the panel's own are."""
        self._votes: dict[str, list[Verdict]] = {}
        self._made: Counter[bool] = Counter()
        self._labels: list[tuple[int, Label]] = []
        self._canaries = self._crossed = self._swapped = 0
        self._usage: list[Usage] = []
        self.background = Background(self._record, note_failure, waits=facts.mode == "replay")

    @property
    def out(self) -> frozenset[str]:
        """Return who does not vote, by the steps in force; they are still shown canaries."""
        return self._measures.out

    @property
    def has_evidence(self) -> bool:
        """Say whether anything was recorded that tells auditors apart."""
        return bool(self._canaries or self._crossed or self._swapped)

    async def open(self) -> None:
        """Begin, where there is anything to do beside the votes."""
        rates = self._config.audits
        wanted = (rates.canary_rate, rates.cross_rate, rates.arbiter_rate, rates.swap_rate)
        if self._voters and any(wanted):
            await self.background.open()

    def beside(self, case: Case, deadline_s: float) -> None:
        """Show a canary and make a swap test beside the calls for `case`, where they are due."""
        if self._case is not None and self._case.turn.index >= case.turn.index:
            return  # another sample of a turn that was seen
        self._case, self._votes, self._account = case, {}, copy_context()
        rate, most = self._config.audits.canary_rate, self._config.panel.k_max
        voters, watched = list(self._voters), self._measures.watched
        due = schedule(rate, voters, most, case.turn.index, self._chance, watched)
        if due:
            self._start(self._show(due, case, deadline_s))
        if swap := self._tester.draw(case, deadline_s):
            self._start(swap)

    def hear(self, fact: Fact) -> None:
        """Take note of votes; a ruling starts the cross-audits of what led to it."""
        if isinstance(fact, VerdictGiven):
            verdict = fact.verdict
            if verdict.vendor is not None and verdict.round == 0 and verdict.action:
                self._votes.setdefault(verdict.action, []).append(verdict)
        elif (
            isinstance(fact, PanelSettled)
            and self._case is not None
            and fact.turn == self._case.turn.index
            and fact.ruling.action in self._case.open
        ):
            self._judge_again(self._case, fact.ruling.action)

    def learned(self) -> Learned | None:
        """Return what would be known after this run; None where nothing was learned.

        Takes numpy and some milliseconds: call it from a thread.
        """
        if not self._learns or not self._labels or self._snapshots is None:
            return None
        labels = [label for _, label in sorted(self._labels, key=lambda one: one[0])]
        return learn(self._snapshots, self.known.snapshot, list(self._voters.values()), labels)

    def keep(self, learned: Learned) -> None:
        """Store what was learned; OSError where that fails."""
        if self._snapshots:
            self._snapshots.keep(learned.snapshot, learned.body)

    def add_to(self, use: PanelUse) -> PanelUse:
        """Return the panel's use with what was done beside it."""
        return use.model_copy(
            update={
                "weights": self.known.said,
                "canaries": self._canaries,
                "cross_audits": self._crossed,
                "swaps": self._swapped,
                "beside": add_usage(self._usage),
            }
        )

    def _show(self, due: Due, case: Case, deadline_s: float) -> Showing:
        def make() -> Canary | None:
            bad = draw_kind(self._made[True], self._made[False], due.draw)
            canary = self._workshop.make(case, bad=bad, draw=due.draw)
            self._made[bad] += canary is not None
            return canary

        def grade(canary: Canary, scores: dict[str, float]) -> None:
            self._label(case, scores, bad=canary.bad, risk=canary.risk, arbiter=False)

        auditors = [self._voters[name] for name in due.auditors]
        return Showing(
            make, auditors, due, case, self._chance, self._config.panel, deadline_s, grade
        )

    def _judge_again(self, case: Case, action: str) -> None:
        votes = self._votes.get(action, [])
        settings = self._config.audits
        vendors = {name: auditor.vendor for name, auditor in self._voters.items()}
        watched = self._measures.watched
        drawn = draw_cross_audits(
            settings, case, votes, vendors, self._stock, self._chance, watched
        )
        if is_spot_checked(settings, case, action, self._chance):
            drawn += self._spot_check(case, action, votes)
        for one in drawn:
            judge = self._arbiter if one.by == "arbiter" else self._voters[one.judge]
            if judge is not None:
                deadline_s = self._config.panel.call_deadline_s
                self._start(CrossAudit(one, case, judge, self._rubric, self._chance, deadline_s))

    def _spot_check(self, case: Case, action: str, votes: Sequence[Verdict]) -> list[Assignment]:
        """Have the action judged by the arbiter, and return one rationale for it to judge, too.

        Without an arbiter the action is put on record for a person to look at later.
        """
        rate, risk = self._config.audits.arbiter_rate, self._risk_of(case, action)
        if self._arbiter is None:
            waiting = SpotChecked(
                turn=case.turn.index, action=action, by="human", propensity=rate, risk=risk
            )
            self._start(_Said(waiting))
            return []

        def grade(verdict: Verdict) -> None:
            if isinstance(verdict.opinion, Scored):
                bad = verdict.opinion.suspicion >= BAD_FROM
                self._label(case, count_votes(votes), bad=bad, risk=risk, arbiter=True)

        deadline_s = self._config.panel.call_deadline_s
        self._start(
            SpotCheck(action, case, self._arbiter, self._chance, rate, risk, deadline_s, grade)
        )
        told = [verdict for verdict in votes if isinstance(verdict.opinion, Scored)]
        if not told:
            return []
        chosen = self._chance.draw("arbiter's rationale", case.turn.index, action).choice(told)
        return [Assignment(chosen, self._arbiter.name, "arbiter", rate / len(told))]

    def _label(
        self, case: Case, scores: dict[str, float], *, bad: bool, risk: str, arbiter: bool
    ) -> None:
        if not scores:
            return
        voters = list(self._voters.values())
        probability = None
        if not arbiter:
            draw = self._chance.draw("foresight", case.turn.index)
            probability = foresee(
                scores,
                as_members(voters),
                self.known.weights,
                self._band,
                self._prior,
                self._config.panel,
                draw,
            )
        label = Label(
            bad=bad,
            risk=risk,
            source="arbiter" if arbiter else "canary",
            scores=name_scores(voters, scores),
            probability=probability,
        )
        self._labels.append((case.turn.index, label))

    def _risk_of(self, case: Case, action: str) -> str:
        (found,) = [one for one in case.turn.actions if one.id == action]
        identity = self._rules.tools.identify(found, self._specs.get(found.tool))
        return self._rules.tools.stakes_of(identity)

    def _start(self, job: Job) -> None:
        if self._case is not None:
            self._account.run(self.background.start, job, self._case.turn.index)

    async def _record(self, *facts: Fact) -> Sequence[object]:
        for fact in facts:
            if isinstance(fact, CanaryShown):
                self._canaries += 1
                self._usage += [fact.verdict.usage] if fact.verdict.usage else []
            elif isinstance(fact, CrossAudited):
                self._crossed += 1
                self._usage += [fact.usage] if fact.usage else []
            elif isinstance(fact, SpotChecked) and fact.verdict:
                self._crossed += 1
                self._usage += [fact.verdict.usage] if fact.verdict.usage else []
            elif isinstance(fact, SwapTested):
                self._swapped += 1
                self._usage += [one.usage for one in (fact.neutral, fact.named) if one.usage]
        return await self._append_raw(*facts)


class _Said:
    """Something to record beside a turn that needs no call."""

    def __init__(self, fact: Fact) -> None:
        self._fact = fact

    async def run(self) -> list[Fact]:
        return [self._fact]

    def give_up(self, why: str) -> list[Fact]:
        return [self._fact]
