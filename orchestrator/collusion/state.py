"""Everything the engine has learned, as flat arrays that double when a new name does not fit."""

from __future__ import annotations

import io
import json
from collections import OrderedDict
from dataclasses import asdict
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from orchestrator.collusion.evidence import BETS
from orchestrator.collusion.observations import KINDS, Node, Vote
from orchestrator.errors import CrossauditError

BINS = 6
KEPT = 12
"""How many of the latest events are kept as evidence for each hypothesis."""
PRINT = 64
"""Numbers of a reason's min-hash."""
FORMAT = 2

# J auditors, A agents; every other axis has a fixed length.
_BETS, _KINDS = len(BETS), len(KINDS)
LAYOUT: dict[str, tuple[str, tuple[int, ...]]] = {
    "votes": ("J", (2,)),  # given, rejecting
    "bad": ("J", (2,)),  # canaries that are bad: shown, missed
    "good": ("J", (2,)),  # known good: shown, rejected
    "real_bad": ("J", (2,)),  # bad by a trusted label, no canary
    "absent": ("J", (2,)),  # asked, malformed
    "cusum": ("J", ()),
    "bins": ("J", (BINS, 2)),  # by evidence of the others: votes, rejecting
    "exposed": ("J", (4,)),  # shown a false vote: n, followed; blind on such items: n, wrong
    "judge_events": ("J", (KEPT,)),
    "cells": ("JA", (4,)),  # where others saw evidence: n, sum d, sum p(1-p), sum p
    "swaps": ("JA", (_KINDS, 3)),  # pairs, only neutral rejects, only named rejects
    "swap_wealth": ("JA", (_KINDS, _BETS)),
    "swap_events": ("JA", (_KINDS, KEPT)),
    "absences": ("JA", (2,)),  # asked, absent
    "absence_wealth": ("JA", (_BETS,)),
    "pairs": ("JJ", (4,)),  # items judged by both, sum u, sum u squared, sum of what is expected
    "pair_wealth": ("JJ", (_BETS,)),
    "pair_events": ("JJ", (KEPT,)),
    "cross": ("JJ", (4,)),  # planted flaws: n, passed; other reasons: n, passed
    "cross_wealth": ("JJ", (_BETS,)),
    "cross_events": ("JJ", (KEPT,)),
    "silence": ("JJ", (2,)),  # claims, unaddressed
    "silence_wealth": ("JJ", (_BETS,)),
    "alike": ("JJ", (2,)),  # items with reasons of both and one verdict, near-duplicates
    "alike_events": ("JJ", (KEPT,)),
}
LOG = np.dtype(
    [
        ("event", "i8"), ("item", "i8"), ("auditor", "i4"), ("agent", "i4"), ("order", "i2"),
        ("rejects", "?"), ("canary", "?"), ("truth", "i1"), ("seen", "i1"), ("q", "f4"),
        ("residual", "f4"), ("propensity", "f4"),
    ]
)  # fmt: skip


class State:
    """Names, arrays, open items and the log of votes."""

    def __init__(self) -> None:
        self.auditors: dict[str, int] = {}
        self.agents: dict[str, int] = {}
        self.nodes: dict[tuple[bool, str], Node] = {}
        """By whether it is an auditor, and name: an agent may call itself like an auditor."""
        self.vendor_of: list[str] = []
        """Of each auditor, for the hot path; empty where none is declared."""
        self.open: OrderedDict[str, list[Vote]] = OrderedDict()
        self.prints: dict[str, dict[str, tuple[bool, list[int]]]] = {}
        self.sequences: list[bytearray] = []
        """Of each auditor: 1 for a missed canary, 0 for one that was caught, in order."""
        self.items = 0
        self.null = np.zeros(3)
        """Of the line through pairs: level at different vendors, level at one vendor, slope."""
        self.null_at = 0
        self.blind = True
        self._room = {"J": 8, "A": 8}
        self.a: dict[str, NDArray[Any]] = {
            name: np.zeros(self._shape(axes, rest), _type(name))
            for name, (axes, rest) in LAYOUT.items()
        }
        self.log = np.zeros(1024, LOG)
        self.logged = 0

    def auditor(self, name: str) -> int:
        """Return the row of an auditor, making room for a new one."""
        row = self.auditors.get(name)
        if row is None:
            row = self.auditors[name] = len(self.auditors)
            self.vendor_of.append("")
            self.sequences.append(bytearray())
            self._grow("J", row)
        return row

    def agent(self, name: str) -> int:
        """Return the column of an agent, making room for a new one."""
        column = self.agents.get(name)
        if column is None:
            column = self.agents[name] = len(self.agents)
            self._grow("A", column)
        return column

    def know(self, node: Node) -> None:
        """Keep what is declared about an agent or auditor."""
        self.nodes[node.is_auditor, node.name] = node
        if node.is_auditor:
            self.vendor_of[self.auditor(node.name)] = node.vendor
        else:
            self.agent(node.name)

    def view(self, name: str) -> NDArray[Any]:
        """Return an array cut to the auditors and agents there are."""
        return self.a[name][self._used(LAYOUT[name][0])]

    def keep(self, name: str, at: tuple[int, ...], count: int, event: int) -> None:
        """Note an event as evidence, over the oldest one kept."""
        self.a[name][(*at, count % KEPT)] = event + 1

    def kept(self, name: str, *at: int) -> tuple[int, ...]:
        """Return the events kept for one hypothesis, oldest first."""
        return tuple(sorted(int(event) - 1 for event in self.a[name][at].ravel() if event))

    def write(self, row: tuple[Any, ...]) -> None:
        """Add one vote to the log."""
        if self.logged == len(self.log):
            self.log = np.concatenate([self.log, np.zeros_like(self.log)])
        self.log[self.logged] = row
        self.logged += 1

    def vendors(self, auditors: bool) -> dict[str, list[int]]:
        """Return the rows of auditors, or columns of agents, by declared vendor."""
        found: dict[str, list[int]] = {}
        for name, at in (self.auditors if auditors else self.agents).items():
            if (node := self.nodes.get((auditors, name))) and node.vendor:
                found.setdefault(node.vendor, []).append(at)
        return found

    def dump(self) -> bytes:
        """Return everything as one compressed archive of arrays and one JSON text."""
        arrays = {name: self.view(name) for name in LAYOUT}
        texts = {
            "format": FORMAT,
            "auditors": list(self.auditors),
            "agents": list(self.agents),
            "nodes": [asdict(node) for node in self.nodes.values()],
            "open": [[asdict(vote) for vote in votes] for votes in self.open.values()],
            "prints": self.prints,
            "sequences": [sequence.hex() for sequence in self.sequences],
            "items": self.items,
            "null": [*self.null.tolist(), self.null_at],
            "blind": self.blind,
        }
        out = io.BytesIO()
        text = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)
        np.savez_compressed(out, text_=text, log_=self.log[: self.logged], **arrays)  # type: ignore[arg-type]
        return out.getvalue()

    @classmethod
    def load(cls, data: bytes) -> State:
        """Return the state that `dump` wrote; a CrossauditError where it cannot be read."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                return cls._read({name: archive[name] for name in archive.files})
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise CrossauditError(
                f"this is no checkpoint of the collusion graph: {error}"
            ) from None

    @classmethod
    def _read(cls, arrays: dict[str, NDArray[Any]]) -> State:
        texts = json.loads(arrays.pop("text_").tobytes())
        if texts["format"] != FORMAT:
            raise CrossauditError("the checkpoint is of another version: rebuild from the ledger")
        state = cls()
        for name in texts["auditors"]:
            state.auditor(name)
        for name in texts["agents"]:
            state.agent(name)
        for node in texts["nodes"]:
            state.know(Node(**node))
        for votes in texts["open"]:
            state.open[votes[0]["item"]] = [Vote(**vote) for vote in votes]
        state.prints = {
            item: {name: (rejects, marks) for name, (rejects, marks) in row.items()}
            for item, row in texts["prints"].items()
        }
        state.sequences = [bytearray.fromhex(sequence) for sequence in texts["sequences"]]
        state.items, state.blind = texts["items"], texts["blind"]
        *null, state.null_at = texts["null"]
        state.null = np.array(null)
        state.log = arrays.pop("log_")
        state.logged = len(state.log)
        state.log = np.concatenate([state.log, np.zeros(1024, LOG)])
        for name, values in arrays.items():
            state.view(name)[...] = values
        return state

    def _shape(self, axes: str, rest: tuple[int, ...]) -> tuple[int, ...]:
        return (*(self._room[axis] for axis in axes), *rest)

    def _used(self, axes: str) -> tuple[slice, ...]:
        sizes = {"J": len(self.auditors), "A": len(self.agents)}
        return tuple(slice(sizes[axis]) for axis in axes)

    def _grow(self, axis: str, wanted: int) -> None:
        if wanted < self._room[axis]:
            return
        self._room[axis] *= 2
        for name, (axes, rest) in LAYOUT.items():
            if axis in axes:
                old = self.a[name]
                self.a[name] = np.zeros(self._shape(axes, rest), _type(name))
                self.a[name][tuple(map(slice, old.shape))] = old


def _type(name: str) -> type[Any]:
    return np.int64 if name.endswith("_events") else np.float64
