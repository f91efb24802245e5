"""Rules and auditors that do what a test says, in place of compiled ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Literal

from orchestrator.auditors.auditor import Auditor
from orchestrator.clock import Clock, SystemClock
from orchestrator.config import Config
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.event import Event
from orchestrator.domain.run import PackRef, RunFacts
from orchestrator.domain.verdict import Effect, Hit, Opinion, Patch, Verdict
from orchestrator.guarded.run import GuardedRun
from orchestrator.ledger.inbox import Answered
from orchestrator.ledger.memory import MemoryLedger, MemoryLog
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.secrets import SecretScanner

Judge = Callable[[Action], Sequence[Hit]]


def hit(action: Action, effect: Effect, *, rule: str = "r1", **more: Any) -> Hit:
    return Hit(
        action=action.id, rule=rule, clause=more.pop("clause", "C1"), effect=effect,
        reason=more.pop("reason", "because"), **more,
    )  # fmt: skip


def mask(action: Action, argument: str, value: str, **more: Any) -> Hit:
    patch = Patch(path=f"/{argument}", value=value)
    return hit(action, "modify", patches=(patch,), **more)


class FakeRules:
    """Apply a function to each action, and remember what was released, approved and observed."""

    def __init__(self, judge: Judge = lambda _: ()) -> None:
        self.judge = judge
        self.result_hits: tuple[Hit, ...] = ()
        self.released: list[str] = []
        self.approvals: list[Action] = []
        self.checked = 0
        ref = PackRef(name="fake", version="1", hash="00")
        self.packs = (ref,)
        clause = SimpleNamespace(id="C1", text="Be careful.", rationale="Harm lasts.")
        self.constitution = SimpleNamespace(clauses=(clause,), ref=ref)

        self.hash = "0" * 64

    def name_pack(self, rule: str) -> str:
        return "fake 1 00"

    def start(self, **_: Any) -> object:
        return object()

    def hear(self, text: str, state: object) -> None:
        pass

    def check(self, turn: Turn, state: object) -> tuple[Hit, ...]:
        self.checked += 1
        return tuple(found for action in turn.actions for found in self.judge(action))

    def record(self, turn: Turn, released: frozenset[str], state: object) -> None:
        self.released += sorted(released)

    def approved(self, action: Action, state: object) -> None:
        self.approvals.append(action)

    def observe(self, result: Observation, action: Action | None, state: object) -> tuple[Hit, ...]:
        return self.result_hits


class FakeAuditor:
    """Give every action, or the turn, the same opinion; or fail."""

    trust: Literal["trusted", "untrusted"] = "trusted"
    version = "1"

    def __init__(self, name: str, opinion: Opinion | Exception) -> None:
        self.name = name
        self.opinion = opinion
        self.heard: list[str] = []
        self.observed: list[str] = []

    def open(self, facts: RunFacts) -> FakeAuditor:
        return self

    def hear(self, text: str) -> None:
        self.heard.append(text)

    def judge(self, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
        if isinstance(self.opinion, Exception):
            raise self.opinion
        return (Verdict(auditor=self.name, opinion=self.opinion),)

    def observe(self, observation: Observation, action: Action | None) -> None:
        self.observed.append(observation.content)


class Desk:
    """Answer approvals with what a test put in."""

    def __init__(self) -> None:
        self.waiting: list[Answered] = []
        self.fetched = 0

    async def take_answers(self) -> tuple[Answered, ...]:
        self.fetched += 1
        taken, self.waiting = tuple(self.waiting), []
        return taken


def make_run(
    rules: FakeRules | None = None,
    *,
    config: Config | None = None,
    auditors: Sequence[Auditor] = (),
    desk: Desk | None = None,
    clock: Clock | None = None,
    log: Any = None,
    published: list[Event] | None = None,
    mode: Literal["live", "replay"] = "live",
) -> tuple[GuardedRun, MemoryLog]:
    """Return a run that records into memory, and its log."""
    clock = clock or SystemClock()
    log = log or MemoryLedger(clock).open_run("test-run")
    facts = RunFacts(agent="tester", seed="00", profile="default", mode=mode, task="do it")
    run = GuardedRun(
        log,
        facts,
        rules=rules or FakeRules(),  # type: ignore[arg-type]
        config=config or Config(),
        auditors=auditors,
        redactor=Redactor(SecretScanner(()), b"key"),
        clock=clock,
        take_answers=(desk or Desk()).take_answers,
        publish=published.extend if published is not None else lambda _: None,
    )
    return run, log


def call(tool: str = "shell", id: str = "c1", **arguments: Any) -> dict[str, Any]:
    return {"id": id, "tool": tool, "arguments": arguments}


def kinds(log: MemoryLog) -> list[str]:
    return [event.fact.kind for event in log.events]
