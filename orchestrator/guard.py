"""What a host calls: open a run, review a turn, observe a result.

Every path ends in a decision: what cannot be judged or recorded is denied with its cause, and the
host is never crashed by the guard.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from orchestrator.auditors.auditor import Auditor, Learner
from orchestrator.auditors.combination import load_combination
from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.registry import PANEL, build_auditors, folder_beside
from orchestrator.audits.standing import FOLDER, Standing
from orchestrator.clock import Clock, SystemClock
from orchestrator.config import Config, load_config
from orchestrator.domain.action import ToolSpec
from orchestrator.domain.decision import Decision, Outcome
from orchestrator.domain.event import Event
from orchestrator.domain.review import Result, Review
from orchestrator.domain.run import RunFacts, RunSummary
from orchestrator.domain.value import clean, clean_text
from orchestrator.errors import (
    ActionDenied,
    ConfigError,
    CrossauditError,
    ProtocolError,
    StoreError,
)
from orchestrator.guarded.bench import Bench, plan_swaps
from orchestrator.guarded.resampling import Resample
from orchestrator.guarded.run import GuardedRun
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.ledger import Ledger
from orchestrator.models.spend import Spend
from orchestrator.panel.members import build_members
from orchestrator.panel.protocols import check_resample
from orchestrator.panel.roster import seat
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.ruleset import RuleSet, load_rules
from orchestrator.rules.secrets import SecretScanner

__all__ = [
    "ActionDenied",
    "ConfigError",
    "CrossauditError",
    "Decision",
    "Guard",
    "GuardedRun",
    "Outcome",
    "ProtocolError",
    "Result",
    "Review",
    "RunSummary",
    "StoreError",
    "run_facts",
]

BACKLOG = 10_000
"""Events a subscriber may lag behind before it misses some."""


class Guard:
    """Check agents' actions before they run, and record every step.

    `config` is a Config, a path, or None to find `crossaudit.toml` upward from here; `ledger` is a
    path, a PostgreSQL URL or an open Ledger, and stands above what the configuration says;
    `auditors` and `models` are those the configuration names unless given. A
    ConfigError or PolicyError is raised here, a StoreError when the first run opens. Use it as an
    async context manager to keep the ledger open between runs.
    """

    def __init__(
        self,
        config: Config | str | Path | None = None,
        ledger: Ledger | str | Path | None = None,
        *,
        profile: str | None = None,
        auditors: Sequence[Auditor] | None = None,
        models: Sequence[ModelAuditor] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if isinstance(config, Config):
            self.config = config
        else:
            self.config = load_config(config, profile=profile).config
        self.rules: RuleSet = load_rules(self.config.rules)
        self.clock = clock or SystemClock()
        self.keys = Keys()
        self._scanner = SecretScanner(self.config.privacy.extra_secrets)
        self.witness_failures: list[str] = []
        """What the witness of a ledger that this guard closed could not be told."""
        self._location = ledger or self.config.ledger.path
        if auditors is None:
            place = ledger.location if isinstance(ledger, Ledger) else str(self._location)
            auditors = build_auditors(self.config, place)
        self.auditors = tuple(auditors)
        spend = Spend(self.config.budget, self.clock)
        seated = build_members(self.config, self.clock, spend) if models is None else models
        place = ledger.location if isinstance(ledger, Ledger) else str(self._location)
        folder = folder_beside(place, PANEL)
        self.roster = seat(seated, self.config, self.clock, spend, folder)
        beside = folder_beside(place, FOLDER)
        self.standing = Standing(beside) if beside and self.roster else None
        self._ledger: Ledger | None = None
        self._users = 0
        self._subscribers: set[MemoryObjectSendStream[Event]] = set()

    async def __aenter__(self) -> Guard:
        """Open the ledger and keep it open until the block ends."""
        await self._acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the ledger unless a run still uses it."""
        await self._release()

    @asynccontextmanager
    async def run(
        self,
        agent: str,
        *,
        model: str | None = None,
        task: str | None = None,
        tools: Iterable[Mapping[str, Any] | ToolSpec] = (),
        parent: GuardedRun | str | None = None,
        root: str | Path | None = None,
        resample: Resample | None = None,
        seed: str | None = None,
    ) -> AsyncIterator[GuardedRun]:
        """Open a guarded run; StoreError if nothing can be recorded.

        `model` is `vendor/name`; `task` is the user's words; `tools` are tool schemas as given to
        the model; `root` is the directory the agent works in. `resample` asks the agent for
        another turn from the same context; only protocols that resample call it, and such a one
        without it is a ConfigError. `seed` fixes everything drawn at random, for experiments; an
        agent that knows it can tell canaries.
        """
        check_resample(self.config, resample is not None)
        ledger = await self._acquire()
        try:
            facts = run_facts(
                self.config, self.rules, agent=agent, model=model, task=task,
                tools=tools, parent=parent, root=str(root or self.config.rules.root or Path.cwd()),
                seed=seed,
            )  # fmt: skip
            bench = self._find_bench(ledger)
            facts = facts.model_copy(
                update={
                    "snapshot": self._find_snapshot(facts),
                    "panel": self._find_panel(),
                    "sanctions": self.standing.in_force() if self.standing else (),
                    "swaps": await plan_swaps(bench, self.roster, facts, self.config),
                }
            )
            name = f"{self.clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            opened = GuardedRun(
                ledger.open_run(name),
                facts,
                rules=self.rules,
                config=self.config,
                auditors=self.auditors,
                redactor=self.redactor(),
                clock=self.clock,
                take_answers=lambda: ledger.take_answers(name),
                publish=self._publish,
                roster=self.roster,
                bench=bench,
            )
            opened.resample = resample
            async with opened:
                yield opened
        finally:
            await self._release()

    def redactor(self) -> Redactor:
        """Return what replaces secrets, with the key kept outside the ledger."""
        return Redactor(self._scanner, self.keys.hmac_key)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[MemoryObjectReceiveStream[Event]]:
        """Yield a stream of every event from now on.

        A reader that falls `BACKLOG` events behind misses events; the guard never waits for it.
        """
        send, receive = anyio.create_memory_object_stream[Event](BACKLOG)
        self._subscribers.add(send)
        async with send, receive:
            try:
                yield receive
            finally:
                self._subscribers.discard(send)

    def _find_snapshot(self, facts: RunFacts) -> str | None:
        learners = (one for one in self.auditors if isinstance(one, Learner))
        return next((found for one in learners if (found := one.find_snapshot(facts))), None)

    def _find_panel(self) -> str | None:
        snapshots = self.roster.snapshots if self.roster else None
        return snapshots.find() if snapshots else None

    def _find_bench(self, ledger: Ledger) -> Bench | None:
        if self.standing is None or self.roster is None:
            return None
        return Bench(self.standing, ledger.reader, self.roster)

    def _publish(self, events: Sequence[Event]) -> None:
        for stream in self._subscribers:
            for event in events:
                try:
                    stream.send_nowait(event)
                except anyio.WouldBlock:
                    break

    async def _acquire(self) -> Ledger:
        if self._ledger is None:
            if isinstance(self._location, Ledger):
                self._ledger = self._location
            else:
                settings = self.config.ledger
                self._ledger = Ledger.open(
                    self._location,
                    durability=settings.durability,
                    witness=settings.witness,
                    clock=self.clock,
                    keys=self.keys,
                )
            if self.roster and self.config.budget.per_day is not None:
                spent = self._ledger.reader.charged_on(self.clock.now().date())
                self.roster.start_day(spent)
        self._users += 1
        return self._ledger

    async def _release(self) -> None:
        self._users -= 1
        if self._users == 0 and self.roster:
            await self.roster.aclose()
        if self._users == 0 and self._ledger and self._ledger is not self._location:
            await self._ledger.aclose()
            self.witness_failures += self._ledger.witness_failures
            self._ledger = None


def run_facts(
    config: Config,
    rules: RuleSet,
    *,
    agent: str,
    model: str | None,
    task: str | None,
    tools: Iterable[Mapping[str, Any] | ToolSpec],
    parent: GuardedRun | str | None,
    root: str | None,
    seed: str | None,
) -> RunFacts:
    """Gather what a replay must know of a live run that opens now."""
    return RunFacts(
        agent=clean_text(agent),
        model=model and clean_text(model),
        task=None if task is None else clean_text(task),
        tools=tuple(_read_tool(tool) for tool in tools),
        parent=parent.id if isinstance(parent, GuardedRun) else parent,
        root=root,
        seed=seed or secrets.token_hex(16),
        profile=config.profile,
        config=config.model_dump(mode="json"),
        packs=rules.packs,
        constitution=rules.constitution.ref,
        weights=load_combination().hash,
        version=version("crossaudit"),
    )


def _read_tool(tool: Mapping[str, Any] | ToolSpec) -> ToolSpec:
    """Read a tool schema in the shape of OpenAI, Anthropic or MCP."""
    if isinstance(tool, ToolSpec):
        return tool
    inner = tool.get("function", tool)
    inner = inner if isinstance(inner, Mapping) else tool
    schema = inner.get("parameters") or inner.get("input_schema") or inner.get("inputSchema") or {}
    parameters = clean(schema)
    return ToolSpec(
        name=clean_text(str(inner.get("name") or "")),
        description=clean_text(str(inner.get("description") or "")),
        parameters=parameters if isinstance(parameters, dict) else {},
    )
