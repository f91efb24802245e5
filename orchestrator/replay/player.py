"""Play a recorded run through the same guard a live run goes through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from orchestrator.auditors.auditor import Auditor
from orchestrator.auditors.combination import load_combination, source_of
from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.registry import PANEL, build_auditors, folder_beside
from orchestrator.clock import Clock, SystemClock
from orchestrator.config import Config
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.event import Decided, Event, VerdictGiven
from orchestrator.domain.run import RunFacts
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Scored, Verdict
from orchestrator.guarded.run import GuardedRun
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.memory import MemoryLedger
from orchestrator.models.spend import Spend
from orchestrator.panel.members import build_members
from orchestrator.panel.protocols import check_resample
from orchestrator.panel.roster import seat
from orchestrator.replay.recording import (
    AgentTurn,
    HumanAnswer,
    Recording,
    Step,
    ToolResult,
    UserWords,
)
from orchestrator.replay.summary import Summary
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.ruleset import load_rules
from orchestrator.rules.secrets import SecretScanner


class Played(NamedTuple):
    """What came of one recording."""

    run: str
    stored: list[StoredEvent]
    events: list[Event]
    """The same as values; empty where they come from another process."""
    rows: list[JsonObject]
    """One an action, in the order of the recording."""
    summary: Summary


class Player:
    """Judge recordings under one configuration; nobody is asked, nothing is executed or learned."""

    def __init__(
        self,
        config: Config,
        *,
        auditors: Sequence[Auditor] | None = None,
        models: Sequence[ModelAuditor] | None = None,
        keys: Keys | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.config = config
        self.rules = load_rules(config.rules)
        self._auditors = build_auditors(config) if auditors is None else tuple(auditors)
        self._clock = clock or SystemClock()
        self._keys = keys
        spend = Spend(config.budget, self._clock)
        seated = build_members(config, self._clock, spend) if models is None else models
        folder = folder_beside(config.ledger.path, PANEL)
        self._roster = seat(seated, config, self._clock, spend, folder)
        scanner = SecretScanner(config.privacy.extra_secrets)
        self._redactor = Redactor(scanner, keys.hmac_key if keys else b"")
        self._same = RunFacts(
            agent="",
            mode="replay",
            seed="",
            profile=config.profile,
            config=config.model_dump(mode="json"),
            packs=self.rules.packs,
            constitution=self.rules.constitution.ref,
            weights=load_combination().hash,
            version=version("crossaudit"),
        )
        """What every run of this player has in common."""

    async def play(self, recording: Recording, place: int = 0) -> Played:
        """Return the events and rows of `recording`; the same input gives the same ones.

        `place` is its number among all that are played together; it makes the id of the run unique.
        """
        check_resample(self.config, recording.seed is not None)
        digest = _digest(recording)
        name = f"{self._clock.now():%Y%m%d-%H%M%S}-{digest[:6]}-{place}"
        log = MemoryLedger(self._clock, self._keys).open_run(name)
        run = GuardedRun(
            log,
            self._facts(recording, digest),
            rules=self.rules,
            config=self.config,
            auditors=self._auditors,
            redactor=self._redactor,
            clock=self._clock,
            take_answers=_nobody,
            roster=self._roster,
        )
        messages: dict[int, int] = {}
        turns: dict[str, Turn] = {}
        async with run:
            for step in recording.steps:
                await self._take(run, step, recording.has_calls, messages, turns)
        rows = list(_rows(recording, log.events, messages))
        return Played(log.run, log.stored, log.events, rows, Summary.of(log.events))

    async def _take(
        self,
        run: GuardedRun,
        step: Step,
        has_calls: bool,
        messages: dict[int, int],
        turns: dict[str, Turn],
    ) -> None:
        match step:
            case UserWords():
                await run.user_message(step.text)
            case AgentTurn():
                turn = step.turn if has_calls else _as_step(step.turn)
                messages[turn.index] = step.message
                turns.update((action.id, turn) for action in turn.actions)
                await run.replay_turn(turn, step.samples)
            case ToolResult():
                given = step.observation
                await run.observe(
                    given.call_id,
                    given.content,
                    error=given.error,
                    arguments=step.arguments,
                    action=given.action,
                )
            case HumanAnswer():
                if step.action in turns:
                    run.replay_approval(turns[step.action], step.action, step.approval)

    def _facts(self, recording: Recording, digest: str) -> RunFacts:
        return self._same.model_copy(
            update={
                "agent": recording.agent,
                "model": recording.model,
                "task": recording.task,
                "tools": recording.tools,
                "root": recording.root or self.config.rules.root,
                "seed": recording.seed or digest[:32],
                "snapshot": recording.snapshot,
                "panel": recording.panel,
                "sanctions": recording.sanctions,
                "swaps": recording.swaps,
                "source": recording.source,
            }
        )


def _digest(recording: Recording) -> str:
    source = recording.source
    return hashlib.sha256(f"{source.format}\0{source.file}\0{source.record}".encode()).hexdigest()


async def _nobody() -> tuple[()]:
    return ()


def _as_step(turn: Turn) -> Turn:
    """Make a step of a format without calls decidable: it is one action, whatever it says."""
    if turn.actions:
        return turn
    return turn.model_copy(update={"actions": (Action(id=f"t{turn.index}.0", tool=""),)})


def _rows(
    recording: Recording, events: Sequence[Event], messages: dict[int, int]
) -> Iterator[JsonObject]:
    verdicts: dict[int, list[Verdict]] = {}
    decided: dict[int, list[Decided]] = {}
    for event in events:
        if isinstance(event.fact, VerdictGiven):
            verdicts.setdefault(event.fact.turn, []).append(event.fact.verdict)
        elif isinstance(event.fact, Decided):
            decided.setdefault(event.fact.turn, []).append(event.fact)
    for turn, facts in decided.items():
        rows = facts if recording.has_calls else [max(facts, key=_severity)]
        for fact in rows:
            yield _row(recording, fact, messages[turn], verdicts.get(turn, []))


def _severity(decided: Decided) -> int:
    return decided.decision.judged.severity


def _row(
    recording: Recording, decided: Decided, message: int, verdicts: Sequence[Verdict]
) -> JsonObject:
    decision = decided.decision
    return {
        "source": recording.source.file,
        "record": recording.source.record,
        "message": message,
        "turn": decided.turn,
        "call_id": decision.call_id,
        "tool": decision.tool if recording.has_calls else None,
        "decision": decision.judged.value,
        "clause": decision.clause,
        "rule": decision.rule,
        "suspicion": decision.suspicion,
        "verdicts": {
            source_of(v): _opinion(v) for v in verdicts if v.action in (None, decision.action)
        },
    }


def _opinion(verdict: Verdict) -> dict[str, Any]:
    opinion = verdict.opinion
    if isinstance(opinion, Scored):
        return {"kind": opinion.kind, "suspicion": opinion.suspicion}
    return {"kind": opinion.kind, "why": opinion.why}
