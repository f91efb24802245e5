"""Checking a chain: which event is the first bad one, or what kind of proof there is that none is.

Three proofs, each worth more than the one before. "chain intact" finds accidents and clumsy edits:
whoever can write the ledger can also hash it anew. "signed to event N" needs the key outside the
ledger. "matches witness" needs what was told to somebody else at the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from orchestrator.domain.event import EVENT, Checkpoint
from orchestrator.errors import StoreError
from orchestrator.ledger.chain import GENESIS, StoredEvent, link, read_label, write_time
from orchestrator.ledger.checkpoint import Statement
from orchestrator.ledger.derived import Mirror
from orchestrator.ledger.keys import Keys, is_signed
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.witness import read_witness

CHAIN_INTACT = "chain intact"
MATCHES_WITNESS = "matches witness"


class ChainReport(NamedTuple):
    """What was found out about the chain of one run."""

    run: str
    events: int
    """How many events are good; all of them where none is bad."""
    first_bad: int | None
    why: str
    """What is wrong with the first bad event; else what limits the proof, if anything does."""
    proof: str
    """`chain intact`, `signed to event N` or `matches witness`; empty where an event is bad."""


def verify_run(
    reader: Reader, run: str, *, keys: Keys | None = None, witness: str | None = None
) -> ChainReport:
    """Check every event of `run`; `witness` is the file or URL that was told of checkpoints.

    Raises StoreError where the ledger or the witness cannot be read or neither knows the run.
    """
    told = read_witness(witness, run) if witness else None
    with Mirror() as mirror:
        return _verify(reader, run, keys, told, mirror)


def verify_ledger(
    reader: Reader, *, keys: Keys | None = None, witness: str | None = None
) -> Iterator[ChainReport]:
    """Check every run that the ledger or the witness knows."""
    told = read_witness(witness) if witness else None
    runs: dict[str, list[Statement]] = {run: [] for run in reader.run_ids()}
    for statement in told or ():
        runs.setdefault(statement.run, []).append(statement)
    with Mirror() as mirror:
        for run, own in sorted(runs.items()):
            yield _verify(reader, run, keys, None if told is None else own, mirror)


def _verify(
    reader: Reader,
    run: str,
    keys: Keys | None,
    told: Sequence[Statement] | None,
    mirror: Mirror,
) -> ChainReport:
    counted = reader.count_events(run)
    walk = ChainWalk(run, keys, told)
    try:
        for stored in _stored(reader, run):
            if why := _mislabelled(stored, walk.count) or walk.take(stored.body, stored.hash):
                return walk.break_off(why)
    except StoreError as error:
        return walk.break_off(f"its row cannot be read ({error})")
    if counted > walk.count:
        return walk.break_off(f"the end is cut off: the run had {counted} events")
    if not walk.count and not told:
        raise StoreError(f"no run {run!r} in {reader.location}; `crossaudit runs` lists them")
    report = walk.end()
    if report.first_bad is None and (wrong := mirror.compare(reader, run)):
        return walk.break_off(wrong[1], wrong[0])
    return report


def _stored(reader: Reader, run: str) -> Iterator[StoredEvent]:
    """Yield what is there of `run` by now, up to the very row that cannot be read."""
    last = -1
    try:
        for stored in reader.stored(run, limit=reader.count_stored(run)):
            yield stored
            last = stored.seq
    except StoreError:
        while rest := list(reader.stored(run, last, 1)):
            yield rest[0]
            last = rest[0].seq


def _mislabelled(stored: StoredEvent, expected: int) -> str:
    """Say where the columns beside the body do not repeat what it says."""
    if stored.seq != expected:
        return f"there is no event {expected}: the next one is number {stored.seq}"
    at, kind = read_label(stored.body, stored.run, stored.seq)
    if kind and (stored.kind, write_time(stored.at)) != (kind, at):
        return f"the table says {stored.kind} at {stored.at}, the event says {kind} at {at}"
    return ""


class ChainWalk:
    """Take the events of one run in order and keep what is proved so far."""

    def __init__(
        self, run: str, keys: Keys | None = None, told: Sequence[Statement] | None = None
    ) -> None:
        self.run = run
        self.count = 0
        self.head = GENESIS
        self.signed = 0
        """How many events a signature of ours covers."""
        self._keys = keys
        self._asked = told is not None
        self._told: dict[int, set[str]] = {}
        for statement in told or ():
            self._told.setdefault(statement.length, set()).add(statement.head)
        self._unknown = ""

    def take(self, body: bytes, hash: str) -> str:
        """Check the next event; return what is wrong with it, or nothing and move on."""
        head = link(self.head, body)
        if head.hex() != hash:
            return "its bytes do not match its hash"
        _, kind = read_label(body, self.run, self.count)
        if not kind:
            return f"its bytes do not begin as those of event {self.count} of {self.run} must"
        if kind == "checkpoint" and (why := self._check(body)):
            return why
        if self._told.get(self.count + 1, {hash}) != {hash}:
            return "the witness was told another hash"
        self.head = head
        self.count += 1
        return ""

    def sign(self, fingerprint: str) -> None:
        """Note that a valid signature by the key of this name covers everything so far."""
        if self._keys and fingerprint == self._keys.fingerprint:
            self.signed = self.count
        else:
            self._unknown = f"signed by the key {fingerprint}, which is not on this machine"

    def break_off(self, why: str, first_bad: int | None = None) -> ChainReport:
        """Report that the event now expected, or `first_bad`, is wrong."""
        bad = self.count if first_bad is None else first_bad
        return ChainReport(self.run, bad, bad, why, "")

    def end(self) -> ChainReport:
        """Report that no more events follow."""
        told = max(self._told, default=0)
        if told > self.count:
            return self.break_off(f"the end is cut off: the witness was told of {told} events")
        if told:
            # The checkpoint that told the witness is itself one event more.
            limit = f"the witness was told up to event {told - 1}" if told < self.count - 1 else ""
            return ChainReport(self.run, self.count, None, limit, MATCHES_WITNESS)
        limit = "the witness was told nothing of this run" if self._asked else ""
        if self.signed:
            return ChainReport(
                self.run, self.count, None, limit, f"signed to event {self.signed - 1}"
            )
        return ChainReport(self.run, self.count, None, limit or self._unknown, CHAIN_INTACT)

    def _check(self, body: bytes) -> str:
        try:
            fact = EVENT.validate_json(body).fact
        except ValidationError:
            return "it is no readable checkpoint"
        statement = Statement(self.run, self.count, self.head.hex())
        if not isinstance(fact, Checkpoint) or (fact.count, fact.head) != statement[1:]:
            return "the checkpoint states another number of events or another hash"
        if not fact.key:
            return ""
        ours = self._keys.public if self._keys and fact.key == self._keys.fingerprint else ""
        if ours and not is_signed(ours, statement.message(), fact.signature):
            return "the signature of the checkpoint is wrong"
        self.sign(fact.key)
        return ""
