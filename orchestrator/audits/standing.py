"""How the auditors stand between runs: the graph so far, and the steps taken about them.

Both lie in a folder beside the ledger. The graph is a copy of what the ledger says and is made anew
where it is lost; the steps are also events of the run that took them, and stand in the first event
of each run they hold in.
"""

from __future__ import annotations

import json
import secrets
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, TypeAdapter, ValidationError

from orchestrator.auditors.baseline.snapshot import read_small, write_whole
from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.audits.ladder import Key, Past, decide, weigh
from orchestrator.audits.observing import KINDS, Observer
from orchestrator.audits.planning import plan_tests, spread_tests
from orchestrator.audits.rejudging import KINDS as JUDGED
from orchestrator.audits.rejudging import review
from orchestrator.domain.event import AuditorSanctioned, DecisionReviewed, Fact
from orchestrator.domain.panel import Sanction, SwapCell, SwapKind
from orchestrator.domain.run import RunFacts
from orchestrator.domain.value import Value
from orchestrator.errors import CrossauditError
from orchestrator.ledger.reader import Reader
from orchestrator.panel.weights import Weights

if TYPE_CHECKING:
    from orchestrator.collusion.engine import Engine

FOLDER = "graph"
"""Beside the ledger."""
MOST_REVIEWED = 500
"""Rulings put on record for one quarantine, the latest; `crossaudit graph review` lists all."""


class Entry(Value):
    """A step or its reversal, and whether it stands in the chain of a run yet."""

    fact: AuditorSanctioned
    is_recorded: bool = True
    seen: dict[str, float] = Field(default_factory=dict)
    """Of a reversal, by pattern, the e-value that was known: only what comes after it counts."""


_ENTRIES = TypeAdapter(tuple[Entry, ...])


class Standing:
    """What is kept in one folder."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def entries(self) -> tuple[Entry, ...]:
        """Return all steps and reversals, oldest first; CrossauditError where they are damaged."""
        path = self._folder / "sanctions.json"
        text = read_small(path)
        if text is None:
            if path.exists():
                raise CrossauditError(f"{path}: cannot be read; which auditors sit is not known")
            return ()
        try:
            return _ENTRIES.validate_json(text)
        except ValidationError:
            raise CrossauditError(
                f"{path}: damaged; the `auditor_sanctioned` events of the ledger hold what it held"
            ) from None

    def in_force(self) -> tuple[Sanction, ...]:
        """Return the steps that hold now, one for each auditor and what it is about."""
        latest = {_key(entry.fact.sanction): entry.fact for entry in self.entries()}
        return tuple(fact.sanction for fact in latest.values() if not fact.restored_by)

    def keep(self, facts: Iterable[AuditorSanctioned], *, is_recorded: bool = True) -> None:
        """Add steps or reversals; OSError where the folder cannot be written."""
        added = (Entry(fact=fact, is_recorded=is_recorded) for fact in facts)
        self._write((*self.entries(), *added))

    def unrecorded(self) -> tuple[AuditorSanctioned, ...]:
        """Return what people reversed since a run last put that on record."""
        return tuple(entry.fact for entry in self.entries() if not entry.is_recorded)

    def note_recorded(self) -> None:
        """Take note that all of it stands in the chain of a run now."""
        self._write(entry.model_copy(update={"is_recorded": True}) for entry in self.entries())

    def restore(
        self, reader: Reader, auditor: str, by: str, reason: str
    ) -> tuple[AuditorSanctioned, ...]:
        """Reverse every step about an auditor in a person's name; the next run records it.

        What is on record by now brings no step back: only evidence that comes later does.
        """
        steps = [one for one in self.in_force() if one.auditor == auditor]
        if not steps:
            return ()
        engine, observer = self.catch_up(reader)
        known = weigh(engine.findings(), engine.state, observer)
        added = [
            Entry(
                fact=AuditorSanctioned(sanction=one, restored_by=by, reason=reason),
                is_recorded=False,
                seen={one.pattern: one.e_value, **known.get(_key(one), {})},
            )
            for one in steps
        ]
        self._write((*self.entries(), *added))
        return tuple(entry.fact for entry in added)

    def catch_up(self, reader: Reader) -> tuple[Engine, Observer]:
        """Return the graph of all that is written, from the last copy on, and keep a new copy."""
        engine, observer, place, last = self._load(reader)
        start = place
        for place, event in reader.written(start, KINDS):  # noqa: B007 - the last one is kept
            last = event.id
            engine.take_all(observer.take(event))
        if place != start:
            self._store(engine, observer, place, last)
        return engine, observer

    def plan_swaps(
        self,
        reader: Reader,
        facts: RunFacts,
        auditors: Sequence[ModelAuditor],
        kinds: Sequence[SwapKind],
    ) -> tuple[SwapCell, ...]:
        """Return the swap tests of a run that opens; of all auditors alike without a graph yet.

        Takes numpy and scipy, and time that grows with what was written since: call it from a
        thread.
        """
        if not (self._folder / "checkpoint").exists():
            return spread_tests(auditors)
        return plan_tests(*self.catch_up(reader), facts, auditors, kinds)

    def judge(
        self, reader: Reader, weights_of: Callable[[str | None], Weights]
    ) -> tuple[list[AuditorSanctioned], list[DecisionReviewed]]:
        """Return the steps that what is on record calls for, and rulings that a quarantine moves.

        Takes numpy and scipy, and time that grows with what was written since: call it from a
        thread. Nothing is kept before `keep`.
        """
        engine, observer = self.catch_up(reader)
        steps = decide(engine.findings(), engine.state, observer, self._past())
        reviewed: list[DecisionReviewed] = []
        for one in steps:
            if one.step == "quarantined":
                reviewed += self.rejudge(reader, one, weights_of)[-MOST_REVIEWED:]
        return [AuditorSanctioned(sanction=one) for one in steps], reviewed

    def rejudge(
        self, reader: Reader, sanction: Sanction, weights_of: Callable[[str | None], Weights]
    ) -> list[DecisionReviewed]:
        """Return the rulings in which the vote of a sanctioned auditor was pivotal."""
        about = sanction.about

        def holds(facts: RunFacts) -> bool:
            by_vendor = about.endswith("/") and (facts.model or "").startswith(about)
            return about in ("", facts.agent) or by_vendor

        events = (event for _, event in reader.written(0, JUDGED))
        return list(review(events, sanction.auditor, weights_of, holds))

    def _past(self) -> dict[Key, Past]:
        past: dict[Key, Past] = {}
        for entry in self.entries():
            one, key = entry.fact.sanction, _key(entry.fact.sanction)
            restored = dict(past[key].restored_at) if key in past else {}
            for pattern, value in entry.seen.items():
                restored[pattern] = max(value, restored.get(pattern, 0.0))
            past[key] = Past(None if entry.fact.restored_by else one.step, restored)
        return past

    def _write(self, entries: Iterable[Entry]) -> None:
        text = _ENTRIES.dump_json(tuple(entries), indent=1).decode()
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / "sanctions.json", text)

    def _load(self, reader: Reader) -> tuple[Engine, Observer, int, str]:
        """Return the last copy, its place and last event; from nothing if it is not this ledger's.

        A copy is believed only where the event it ends with stands where it stood.
        """
        from orchestrator.collusion.engine import Engine

        try:
            data = (self._folder / "checkpoint").read_bytes()
            (size,) = struct.unpack_from(">Q", data)
            place, last, text = json.loads(zlib.decompress(data[8 : 8 + size]))
            _, event = next(reader.written(place - 1, KINDS))
            if event.id == last:
                return Engine.restore(data[8 + size :]), Observer.load(text), place, last
        except (OSError, ValueError, KeyError, StopIteration, TypeError, struct.error, zlib.error):
            pass
        except CrossauditError:
            pass
        return Engine(), Observer(), 0, ""

    def _store(self, engine: Engine, observer: Observer, place: int, last: str) -> None:
        head = zlib.compress(json.dumps([place, last, observer.dump()]).encode())
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"checkpoint.{secrets.token_hex(4)}"
        draft.write_bytes(struct.pack(">Q", len(head)) + head + engine.checkpoint())
        draft.replace(self._folder / "checkpoint")


def recorded(facts: Iterable[Fact]) -> list[AuditorSanctioned]:
    """Return the steps among facts."""
    return [fact for fact in facts if isinstance(fact, AuditorSanctioned)]


def _key(sanction: Sanction) -> Key:
    return sanction.auditor, sanction.version, sanction.about
