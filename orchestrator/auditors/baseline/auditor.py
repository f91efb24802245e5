"""Judge an action by this agent's own habits; a new agent has none, and nothing is said of it."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, OrderedDict
from collections.abc import Sequence

from orchestrator.auditors.auditor import Learned, Trust
from orchestrator.auditors.baseline.cusum import ALARM, NearMisses
from orchestrator.auditors.baseline.habits import (
    MAX_TOOLS,
    START,
    Diary,
    Habits,
    Oddity,
    find_oddities,
)
from orchestrator.auditors.baseline.snapshot import Snapshot, Snapshots, hash_of
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Abstained, Claim, Hit, Opinion, Scored, Verdict
from orchestrator.errors import ConfigError

QUIET, ODDEST = 0.02, 0.45
"""Being unlike oneself is no crime: oddity alone never reaches what stops an action."""
FREE_BITS, HALF_BITS = 4.0, 6.0
"""Surprise that passes, and the surprise on top that brings half the rest."""
ANCHOR_SHARE = 0.75
"""How much oddity beside the anchor counts where it has become a habit since."""
PILED_UP = 0.6
MAX_WAITING = 1024
"""Actions whose result is awaited; the oldest are forgotten."""
HOLDING = frozenset({"escalate", "deny", "terminate"})


class BaselineAuditor:
    """Compare each action with the runs of the same agent and family of tasks before it."""

    name = "baseline"
    trust: Trust = "trusted"

    def __init__(
        self,
        folder: str | None = None,
        min_runs: int = 5,
        min_actions: int = 30,
    ) -> None:
        if min_runs < 1 or min_actions < 1:
            raise ConfigError("baseline: min_runs and min_actions are at least 1")
        self.min_runs = min_runs
        self.min_actions = min_actions
        settings = (QUIET, ODDEST, FREE_BITS, HALF_BITS, ANCHOR_SHARE, PILED_UP, ALARM)
        text = f"1|{min_runs}|{min_actions}|{settings}"
        self.version = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.snapshots = Snapshots(folder) if folder else None

    def open(self, facts: RunFacts) -> BaselineSeat:
        """Take a seat for one run, knowing what `facts.snapshot` names."""
        found = facts.snapshot and self.snapshots and self.snapshots.load(facts.snapshot)
        learns = self.snapshots is not None and facts.mode == "live"
        return BaselineSeat(self, found or None, facts.snapshot, learns=learns)

    def find_snapshot(self, facts: RunFacts) -> str | None:
        """Return the hash of the newest snapshot for runs like this one."""
        return self.snapshots.find(facts) if self.snapshots else None

    def keep(self, facts: RunFacts, learned: Learned) -> None:
        """Store a snapshot; OSError where the folder cannot be written."""
        if self.snapshots:
            self.snapshots.keep(facts, learned.snapshot, learned.body)


class BaselineSeat:
    """One run beside the habits known when it opened; they stay as they are until it ends."""

    def __init__(
        self, auditor: BaselineAuditor, known: Snapshot | None, digest: str | None, *, learns: bool
    ) -> None:
        self._auditor = auditor
        self._known = known or Snapshot()
        self._digest = digest
        self._learns = learns
        self._why = self._missing(known is None)
        self._diary = Diary()
        self._calls: Counter[str] = Counter()
        self._last = START
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._is_tainted = False
        habits = self._known.moving
        rates = {clause: habits.rate_of(clause) for clause in habits.near_misses}
        self._near_misses = NearMisses(rates, self._known.levels)

    def hear(self, text: str) -> None:
        """Take no note: habits are about what is done."""

    def judge(self, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
        """Return an opinion on each action, or one abstention where there is no baseline."""
        opinions = [self._judge(action, turn, hits) for action in turn.actions]
        self._diary.widest = max(self._diary.widest, len(turn.actions))
        if self._why:
            return (self._sign(None, Abstained(why=self._why)),)
        return tuple(
            self._sign(action.id, opinion)
            for action, opinion in zip(turn.actions, opinions, strict=True)
        )

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Learn of an action that ran."""
        if action is not None and self._waiting.pop(action.id, self) is None:
            self._diary.add(action)

    def learn(self) -> Learned | None:
        """Return what is known after this run; a run in which rules held something teaches none."""
        if not self._learns or not (self._diary.actions or self._near_misses.levels):
            return None
        day = None if self._is_tainted or not self._diary.actions else self._diary
        after = self._known.after(day, self._near_misses.levels)
        body = after.to_text()
        return Learned(
            snapshot=hash_of(body), before=self._digest, runs=after.moving.runs, body=body
        )

    def _missing(self, is_lost: bool) -> str:
        """Say why there is no baseline; empty where there is one."""
        if self._digest and is_lost:
            return f"no baseline: the snapshot {self._digest[:12]} is not here or is damaged"
        habits, auditor = self._known.moving, self._auditor
        if habits.runs < auditor.min_runs:
            return f"no baseline: {habits.runs} earlier runs, {auditor.min_runs} are needed"
        if habits.actions < auditor.min_actions:
            return f"no baseline: {habits.actions:.0f} actions, {auditor.min_actions} are needed"
        return ""

    def _judge(self, action: Action, turn: Turn, hits: Sequence[Hit]) -> Opinion:
        own = [hit for hit in hits if hit.action == action.id]
        self._is_tainted |= any(hit.effect in HOLDING for hit in own)
        clauses = {hit.clause for hit in own}
        self._diary.miss(clauses)
        piled = self._near_misses.add(clauses)
        if action.tool in self._calls or len(self._calls) < MAX_TOOLS:
            self._calls[action.tool] += 1
        self._waiting[action.id] = None
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)
        before, self._last = self._last, action.tool
        if self._why:
            return Abstained(why=self._why)
        oddities = self._find_oddities(action, before, len(turn.actions))
        suspicion = _suspicion(sum(oddity.bits for oddity in oddities))
        told = oddities if suspicion > QUIET else []
        claims = [_claim(action, oddity.text) for oddity in told]
        for clause, pile in piled.items():
            suspicion = max(suspicion, min(PILED_UP * pile.level / ALARM, 0.9))
            text = f"{pile.misses} actions came near a breach of {clause}: more than is usual"
            claims.append(_claim(action, text))
        return Scored(suspicion=round(suspicion, 4), claims=tuple(claims))

    def _find_oddities(self, action: Action, before: str, width: int) -> list[Oddity]:
        """Return what is odd beside the habits of now, or half of what is beside the anchor."""
        now = self._compare(self._known.moving, action, before, width)
        then = [
            Oddity(ANCHOR_SHARE * odd.bits, f"at first, {odd.text}")
            for odd in self._compare(self._known.anchor, action, before, width)
        ]
        return max(now, then, key=lambda oddities: sum(odd.bits for odd in oddities))

    def _compare(self, habits: Habits, action: Action, before: str, width: int) -> list[Oddity]:
        return find_oddities(habits, action, before, self._calls[action.tool], width)

    def _sign(self, action: str | None, opinion: Opinion) -> Verdict:
        auditor = self._auditor
        return Verdict(
            auditor=auditor.name, action=action, opinion=opinion, version=auditor.version
        )


def _suspicion(bits: float) -> float:
    over = max(0.0, bits - FREE_BITS)
    return QUIET + (ODDEST - QUIET) * (1.0 - math.exp2(-over / HALF_BITS))


def _claim(action: Action, text: str) -> Claim:
    return Claim(text=text, quote=action.tool, source="tool", verified=True)
