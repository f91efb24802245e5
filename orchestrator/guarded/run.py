"""One guarded run: review its turns, observe its results. Opened by `Guard.run`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import anyio

from orchestrator.auditors.auditor import Auditor
from orchestrator.audits.session import Audits
from orchestrator.clock import Clock
from orchestrator.config import Config
from orchestrator.domain.action import Turn
from orchestrator.domain.decision import Approval, Decision, Outcome
from orchestrator.domain.docket import Docket
from orchestrator.domain.event import (
    Decided,
    Event,
    Fact,
    ProtocolBroken,
    RunClosed,
    RunOpened,
    SnapshotTaken,
    TurnProposed,
    UserSaid,
)
from orchestrator.domain.review import Result, Review
from orchestrator.domain.run import NO_MODEL, RunFacts, RunSummary
from orchestrator.domain.value import clean_text
from orchestrator.gate import Gate, Judged
from orchestrator.guarded.bench import Bench
from orchestrator.guarded.escalation import Escalations
from orchestrator.guarded.record import Record
from orchestrator.guarded.resampling import Resample, Resampling
from orchestrator.guarded.results import ResultCheck
from orchestrator.guarded.turns import Draft, Words, draft_turn, unread_turn
from orchestrator.ledger.log import Log
from orchestrator.oversight.coverage import Releases
from orchestrator.oversight.desk import Addressed
from orchestrator.panel.roster import Roster
from orchestrator.rules.redaction import Redactor, restore_object
from orchestrator.rules.ruleset import RuleSet

OVER = "the run was terminated"
FAILED = "the guard failed"


# Above 300 lines: all that can happen to a run, in the order it happens.


class GuardedRun:
    """Review the turns of one agent and observe its results."""

    def __init__(
        self,
        log: Log,
        facts: RunFacts,
        *,
        rules: RuleSet,
        config: Config,
        auditors: Sequence[Auditor],
        redactor: Redactor,
        clock: Clock,
        take_answers: Callable[[], Awaitable[Sequence[Addressed]]],
        publish: Callable[[Sequence[Event]], None] = lambda _: None,
        roster: Roster | None = None,
        bench: Bench | None = None,
    ) -> None:
        self.id = log.run
        self.facts = facts.model_copy(update={"task": redactor.optional(facts.task)})
        self._rules = rules
        self._config = config
        self._redactor = redactor
        self._record = Record(log, redactor, publish)
        self._audits: Audits | None = None
        if roster:
            self._audits = Audits(
                roster, rules, self.facts, config, self._record.append, self._record.note_failure
            )
            roster = roster.seated(self._audits.known, self._audits, self._audits.out)
        self._bench = bench
        self._gate = Gate(rules, auditors, config.gate, self.facts, clock, roster)
        self._escalations = Escalations(
            self._gate, self._record, redactor, config.approvals, clock, take_answers
        )
        self._releases = Releases()
        self._results = ResultCheck(
            self._gate,
            self._record,
            self._releases,
            redactor,
            holds=facts.mode == "live" and config.gate.enforce,
            keep_results=config.privacy.keep_results,
        )
        self.resample: Resample | None = None
        """How the host offers another sample of a turn, where it does."""
        self._resampling = Resampling(
            lambda: self.resample, redactor, config.gate, root=self.facts.root
        )
        self.failure = ""
        """Set by a host to record the run as failed, and why, though no exception ended it."""
        self._turn_lock = anyio.Lock(fast_acquire=True)
        self._next_turn = 0

    async def __aenter__(self) -> Self:
        """Record that the run opened; StoreError if that fails."""
        await self._record.append(RunOpened(facts=self.facts))
        if self._audits:
            if self._audits.known.is_lost:
                self._record.failures["panel snapshot lost"] += 1
            if self._bench:
                await self._bench.tell(self._record)
            await self._audits.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Record how the run ended, also when it was cancelled."""
        try:
            with anyio.CancelScope(shield=True):
                if self._audits:
                    await self._audits.background.close(at_once=error is not None)
                await self._close(kind, error)
        finally:
            self._gate.close()
            if self._audits:
                await self._audits.background.leave()

    async def _close(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        why = f"{kind.__name__}: {error}" if kind else self.failure
        await self._learn()
        if self._bench and self._audits and self._audits.has_evidence:
            await self._bench.judge(self._record)
        closed = RunClosed(
            how="terminated" if self.terminated else "failed" if why else "completed",
            why=self._redactor.text(clean_text(why)),
            summary=self.summary(),
        )
        try:
            await self._record.append(closed)
        except Exception:
            if error is None:
                raise

    async def _learn(self) -> None:
        """Record and keep what auditors learned; a failure is counted and costs only that."""
        try:
            for auditor, learned in self._gate.learned():
                await self._record.append(
                    SnapshotTaken(
                        auditor=auditor.name,
                        snapshot=learned.snapshot,
                        before=learned.before,
                        runs=learned.runs,
                    )
                )
                self._gate.keep(auditor, learned)
            await self._learn_of_panel()
        except Exception as failure:
            await self._record.note_failure("learn", failure)

    async def _learn_of_panel(self) -> None:
        """Fit the weights of the auditors that are models, in a thread, and keep them."""
        if self._audits is None:
            return
        learned = await anyio.to_thread.run_sync(self._audits.learned)
        if learned:
            taken = SnapshotTaken(
                auditor="panel",
                snapshot=learned.snapshot,
                before=learned.before,
                runs=learned.runs,
            )
            await self._record.append(taken)
            self._audits.keep(learned)

    @property
    def terminated(self) -> bool:
        """Say whether a decision or a broken protocol ended the run."""
        return self._gate.terminated

    def summary(self) -> RunSummary:
        """Return what happened so far."""
        use = self._gate.panel_use
        if use and self._audits:
            use = self._audits.add_to(use)
        return RunSummary(
            turns=self._next_turn,
            actions=self._record.judged.total(),
            decisions=dict(self._record.judged),
            held=self._record.held,
            failures=dict(self._record.failures),
            coverage=self._releases.coverage,
            auditors=str(use) if use else NO_MODEL,
            panel=use,
        )

    def instructions(self) -> str:
        """Return the constitution for the agent's system prompt: all it may know of its guard."""
        clauses = self._rules.constitution.clauses
        lines = [
            "Your actions are reviewed against these clauses before they run:",
            *(f"{clause.id}: {clause.text} Why: {clause.rationale}" for clause in clauses),
        ]
        if self._config.gate.justification != "off":
            lines.append(
                "Give every tool call a `justification`: your intent, the ids of the clauses you "
                "follow, and the ids of the results you rely on."
            )
        return "\n".join(lines)

    async def user_message(self, text: str) -> None:
        """Record what the user said after the task; for the host, never for the agent."""
        try:
            said = self._redactor.text(clean_text(text))
            await self._record.append(UserSaid(text=said))
            self._gate.hear(said)
        except Exception as failure:
            await self._record.note_failure("user_message", failure)

    async def review(
        self,
        calls: Sequence[Mapping[str, Any] | object],
        *,
        message: str | None = None,
        reasoning: str | None = None,
        justification: Any = None,
    ) -> Review:
        """Decide every call of one assistant message before any of them runs.

        Returns when all are settled, escalations included. What the agent did wrong and what the
        guard failed at both come back as denials; only cancellation is raised.
        """
        async with self._turn_lock:
            draft, judged = await self._judge(calls, Words(message, reasoning, justification))
            instead = self._resampling.chosen(judged)
        settled = await self._escalations.settle(draft, judged)
        decisions = tuple(self._release(draft, one) for one in settled)
        return Review(draft.turn.index, decisions, instead)

    async def observe(
        self,
        call_id: str | None,
        result: Any,
        *,
        error: bool = False,
        arguments: Mapping[str, Any] | None = None,
        action: str | None = None,
    ) -> Result:
        """Check what a tool gave back, before the agent reads it.

        `arguments` are those the tool really ran with, where the host knows them; if they differ
        from the released ones that is a bypass. `action` names the action where call ids repeat.
        """
        return await self._results.observe(
            call_id, result, error=error, arguments=arguments, action=action
        )

    async def break_off(self, why: str, line: str = "") -> None:
        """Record that the agent broke the protocol; the run is over."""
        self._gate.terminated = True
        clipped = self._redactor.text(clean_text(line[:4096]))
        await self._record.append(ProtocolBroken(why=why, line=clipped))

    async def replay_turn(self, turn: Turn, samples: Sequence[Turn | str] = ()) -> Review:
        """Judge a turn exactly as it was recorded; nobody is asked and nothing is released.

        `samples` are those that were recorded with it.
        """
        self._resampling.recorded = samples
        draft = Draft(*self._redactor.turn(turn))
        self._next_turn = max(self._next_turn, turn.index + 1)
        judged = await self._judge_draft(draft)
        if self._audits:
            await self._audits.background.settle()
        for one in judged:
            self._record.count(one.decision)
            self._releases.add(one.action, None)
        return Review(turn.index, tuple(one.decision for one in judged))

    def replay_approval(self, turn: Turn, action: str, approval: Approval) -> None:
        """Let a recorded human answer have the effect on later rules that it had then."""
        if approval.answer not in ("approved", "edited"):
            return
        for one in turn.actions:
            if one.id == action:
                arguments = approval.arguments or one.arguments
                self._gate.approve(turn, one.model_copy(update={"arguments": arguments}))

    async def _judge(
        self, calls: Sequence[Mapping[str, Any] | object], words: Words
    ) -> tuple[Draft, list[Judged]]:
        index = self._next_turn
        self._next_turn += 1
        draft = unread_turn(index, calls)
        try:
            draft = draft_turn(
                index,
                calls,
                words,
                is_known=self._releases.knows,
                strip_justification=self._config.gate.justification != "off",
                root=self.facts.root,
                redactor=self._redactor,
            )
        except Exception as failure:
            await self._record.note_failure("review", failure, index)
            return draft, await self._refuse(draft, Outcome.DENY, FAILED)
        return draft, await self._judge_draft(draft)

    async def _judge_draft(self, draft: Draft) -> list[Judged]:
        """Decide a turn, live or recorded; what cannot be judged or recorded is denied."""
        if self.terminated:
            return await self._refuse(draft, Outcome.TERMINATE, OVER)
        docket = Docket(self._record.append, self._overhear)
        try:
            docket.add(TurnProposed(turn=draft.turn))
            judged = await self._gate.judge(
                draft.turn, docket, self._resampling.draw_for(draft.turn.index)
            )
            return _with_events(judged, await docket.publish())
        except Exception as failure:
            await self._record.note_failure("review", failure, draft.turn.index)
            return await self._refuse(draft, Outcome.DENY, FAILED, is_proposed=docket.is_begun)
        finally:
            if self._audits:
                self._audits.background.decided(draft.turn.index)

    def _overhear(self, fact: Fact) -> None:
        """Let the audits know; whatever goes wrong with them changes no decision."""
        try:
            if self._audits:
                self._audits.hear(fact)
        except Exception as failure:
            self._record.failures[f"audits: {type(failure).__name__}"] += 1

    async def _refuse(
        self, draft: Draft, outcome: Outcome, reason: str, *, is_proposed: bool = False
    ) -> list[Judged]:
        """Refuse every action without judging; recorded if that still works."""
        judged = [self._gate.refuse(action, outcome, reason) for action in draft.turn.actions]
        facts: list[Fact] = [] if is_proposed else [TurnProposed(turn=draft.turn)]
        facts += [Decided(turn=draft.turn.index, decision=one.decision) for one in judged]
        try:
            return _with_events(judged, await self._record.append(*facts))
        except Exception:
            self._record.failures["unrecorded denial"] += len(judged)
            return judged

    def _release(self, draft: Draft, one: Judged) -> Decision:
        """Give the host its arguments back, secrets included, where the action may run."""
        self._record.count(one.decision)
        decision, action = one.decision, one.action
        if not decision.decision.releases:
            self._releases.add(action, None)
            return decision.model_copy(update={"arguments": None})
        is_changed = decision.decision is Outcome.MODIFY
        source = action.arguments if is_changed else draft.arguments_of(action.id)
        arguments = restore_object(source, draft.originals)
        self._releases.add(action, arguments)
        return decision.model_copy(update={"arguments": arguments})


def _with_events(judged: Sequence[Judged], events: Sequence[Event]) -> list[Judged]:
    ids = [event.id for event in events if isinstance(event.fact, Decided)]
    return [
        one._replace(decision=one.decision.model_copy(update={"event": name}))
        for one, name in zip(judged, ids, strict=True)
    ]
