"""The engine: takes observations one by one, and says at any time what they are evidence of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchestrator.collusion.closing import close
from orchestrator.collusion.evidence import step
from orchestrator.collusion.likeness import compare_reasons
from orchestrator.collusion.observations import (
    KINDS,
    Absence,
    Closed,
    CrossAudit,
    Known,
    Node,
    Observation,
    Reasons,
    Silence,
    SwapPair,
    Vote,
)
from orchestrator.collusion.state import State

if TYPE_CHECKING:
    import networkx

    from orchestrator.collusion.findings import Finding

OPEN_ITEMS = 256
"""Items that nobody closed; the oldest one counts as closed when there are more."""
_KIND = {kind: at for at, kind in enumerate(KINDS)}
CUSUM_DOWN, CUSUM_UP = -0.470, 0.916
"""log(.5 / .8) for a caught canary and log(.5 / .2) for a missed one."""
EXCESS = 0.1
"""How far above its own rate elsewhere an auditor must lie to count as doing it for somebody."""


class Engine:
    """Evidence on every pattern, updated in constant time an observation."""

    def __init__(self) -> None:
        self.state = State()
        self._takers = {
            Node: self.state.know, Vote: self._vote, Closed: self._closed, SwapPair: self._swap,
            CrossAudit: self._cross, Absence: self._absence, Silence: self._silence,
            Reasons: self._reasons, Known: self._told,
        }  # fmt: skip

    def take(self, observation: Observation) -> None:
        """Learn from one observation."""
        self._takers[type(observation)](observation)  # type: ignore[operator]

    def take_all(self, observations: Iterable[Observation]) -> None:
        """Learn from many, in order; the same as one by one."""
        for observation in observations:
            self.take(observation)

    def findings(self) -> tuple[Finding, ...]:
        """Return what can be said about every pattern now, alarms first."""
        from orchestrator.collusion.patterns import find_all

        return find_all(self.state)

    def graph(self, latest: int = 10_000) -> networkx.MultiDiGraph:
        """Build the graph of agents, auditors and vendors with the latest votes as edges."""
        from orchestrator.collusion.graph import build

        return build(self.state, latest)

    def checkpoint(self) -> bytes:
        """Return everything learned, for `restore`."""
        return self.state.dump()

    @classmethod
    def restore(cls, data: bytes) -> Engine:
        """Return the engine a checkpoint was made from."""
        engine = cls()
        engine.state.__dict__.update(State.load(data).__dict__)
        return engine

    def _vote(self, vote: Vote) -> None:
        state = self.state
        row = state.auditor(vote.auditor)
        column = state.agent(vote.agent)
        given = state.a["votes"][row]
        given += (1.0, vote.rejects)
        state.blind = state.blind and vote.blind
        self._asked(row, column, absent=False)
        if vote.seen is None:
            if vote.truth is not None:
                self._known(row, vote)
            state.open.setdefault(vote.item, []).append(vote)
            if len(state.open) > OPEN_ITEMS:
                close(state, state.open.popitem(last=False)[1])
        elif vote.truth is not None and vote.seen != vote.truth:
            # Shown a vote that was wrong: a vote that is no longer its own is compared to nobody's.
            state.a["exposed"][row, :2] += (1.0, vote.rejects == vote.seen)

    def _known(self, row: int, vote: Vote) -> None:
        state = self.state
        if not vote.truth:
            state.a["good"][row] += (1.0, vote.rejects)
            return
        if not vote.canary:
            state.a["real_bad"][row] += (1.0, not vote.rejects)
            return
        self._canary(row, missed=not vote.rejects, event=vote.event)

    def _told(self, known: Known) -> None:
        row = self.state.auditor(known.auditor)
        cell = self.state.a["real_bad" if known.truth else "good"][row]
        cell += (1.0, known.rejects != known.truth)

    def _canary(self, row: int, *, missed: bool, event: int) -> None:
        state = self.state
        bad = state.a["bad"][row]
        bad += (1.0, missed)
        sum_ = state.a["cusum"]
        sum_[row] = max(0.0, sum_[row] + (CUSUM_UP if missed else CUSUM_DOWN))
        state.sequences[row].append(missed)
        if missed:
            state.keep("judge_events", (row,), int(bad[1]), event)

    def _closed(self, closed: Closed) -> None:
        if votes := self.state.open.pop(closed.item, None):
            close(self.state, votes)

    def _swap(self, pair: SwapPair) -> None:
        state, kind = self.state, _KIND[pair.kind]
        row, column = state.auditor(pair.auditor), state.agent(pair.agent)
        softer = pair.neutral_rejects and not pair.named_rejects
        harder = pair.named_rejects and not pair.neutral_rejects
        counts = state.a["swaps"][row, column, kind]
        counts += (1.0, softer, harder)
        if softer or harder:
            state.a["swap_wealth"][row, column, kind] += step(1.0 if softer else -1.0)
            state.keep("swap_events", (row, column, kind), int(counts[1] + counts[2]), pair.event)
        # A neutral half is no canary: side calls are noisier, and whom they go to is no accident.

    def _cross(self, check: CrossAudit) -> None:
        state = self.state
        judge, ratee = state.auditor(check.judge), state.auditor(check.ratee)
        cell = state.a["cross"][judge, ratee]
        if check.flawed:
            others = state.view("cross")[judge, :, :2].sum(axis=0) - cell[:2]
            all_ = state.view("cross")[:, :, :2].sum(axis=(0, 1))
            usual = (others[1] + 4 * (all_[1] + 1) / (all_[0] + 3)) / (others[0] + 4)
            _bet_on_rate(state.a["cross_wealth"][judge, ratee], check.passed, float(usual))
            cell[:2] += (1.0, check.passed)
            state.keep("cross_events", (judge, ratee), int(cell[0]), check.event)
        elif check.flawed is None:
            cell[2:] += (1.0, check.passed)

    def _absence(self, absence: Absence) -> None:
        row = self.state.auditor(absence.auditor)
        self._asked(row, self.state.agent(absence.agent), absent=not absence.malformed)
        self.state.a["absent"][row] += (1.0, absence.malformed)

    def _asked(self, row: int, column: int, *, absent: bool) -> None:
        cells = self.state.a["absences"]
        cell = cells[row, column]
        if self.state.a["absent"][row, 0]:  # whether to bet is settled before the outcome
            asked, missing = cells[row].sum(axis=0).tolist()
            usual = (missing - cell[1] + 0.5) / (asked - cell[0] + 10)
            _bet_on_rate(self.state.a["absence_wealth"][row, column], absent, float(usual))
        cell += (1.0, absent)

    def _silence(self, silence: Silence) -> None:
        state = self.state
        row, target = state.auditor(silence.speaker), state.auditor(silence.target)
        cells = state.a["silence"]
        for at in range(silence.claims):
            said, unaddressed = (cells[row].sum(axis=0) - cells[row, target]).tolist()
            usual = (unaddressed + 2) / (said + 6)
            missed = at < silence.unaddressed
            _bet_on_rate(state.a["silence_wealth"][row, target], missed, usual)
        cells[row, target] += (silence.claims, silence.unaddressed)

    def _reasons(self, reasons: Reasons) -> None:
        compare_reasons(self.state, reasons)


def _bet_on_rate(wealth: object, hit: bool, usual: float) -> None:
    """Bet that hits are more frequent than `usual` by more than `EXCESS`."""
    limit = min(usual + EXCESS, 0.95)
    wealth += step((hit - limit) / limit)  # type: ignore[operator]
