"""Our own export: JSON lines `{hash, event}`, any number of runs one after another.

Reading it does not verify it: `crossaudit verify` does. Decisions in it are not taken over, since
a replay makes its own.
"""

from __future__ import annotations

from pydantic import ValidationError

from orchestrator.domain.event import (
    EVENT,
    ApprovalAnswered,
    Event,
    ResultObserved,
    RunOpened,
    SampleJudged,
    TurnProposed,
    UserSaid,
)
from orchestrator.domain.run import RunFacts, Source
from orchestrator.replay.importers.fields import read_path
from orchestrator.replay.importers.importer import RUN_LIMITS, Importer, RunFile, Runs
from orchestrator.replay.importers.records import Broken, Record
from orchestrator.replay.recording import (
    AgentTurn,
    HumanAnswer,
    Recording,
    Step,
    ToolResult,
    UserWords,
)


def recognises(record: object) -> bool:
    """Know a line that holds an event."""
    return isinstance(read_path(record, "event", "fact", "kind"), str)


def read(file: RunFile) -> Runs:
    """Read the runs of an export in their order."""
    run: _Run | None = None
    for record in file.records():
        if isinstance(record, Broken):
            yield file.unreadable(record.why, record.number)
            continue
        if isinstance(read_path(record.data, "end"), dict):
            continue
        if (event := _read_event(record)) is None:
            yield file.unreadable(f"{record.place}is not an event of crossaudit", record.number)
        elif isinstance(event.fact, RunOpened):
            if run:
                yield run.finish()
            run = _Run(event.run, event.fact.facts, file, record.number)
        elif run is None or event.run != run.name:
            why = f"{record.place}the run {event.run} has no beginning here"
            yield file.unreadable(why, record.number)
        elif not run.take(event, record.size):
            why = f"{record.place}the run goes on above the limit and was not read further"
            yield file.unreadable(why, record.number)
    if run:
        yield run.finish()


class _Run:
    """One run of an export."""

    def __init__(self, name: str, facts: RunFacts, file: RunFile, record: int) -> None:
        self.name = name
        self._facts = facts
        self._source = Source(file=file.name, record=record, format=file.format)
        self._steps: list[Step] = []
        self._room = RUN_LIMITS * file.limit

    def take(self, event: Event, size: int) -> bool:
        """Add what the event says; return False where the run has grown too long."""
        if isinstance(event.fact, SampleJudged):
            return self._take_sample(event.fact, size)
        if (step := _read_step(event)) is None:
            return True
        self._room -= size
        if self._room > 0:
            self._steps.append(step)
        return self._room > 0

    def _take_sample(self, fact: SampleJudged, size: int) -> bool:
        """Put a sample beside the turn it is of."""
        self._room -= size
        for place in reversed(range(len(self._steps) if self._room > 0 else 0)):
            step = self._steps[place]
            if isinstance(step, AgentTurn) and step.turn.index == fact.turn:
                samples = (*step.samples, fact.sample or fact.why)
                self._steps[place] = step.model_copy(update={"samples": samples})
                break
        return self._room > 0

    def finish(self) -> Recording:
        """Return the run as it was read."""
        facts = self._facts
        return Recording(
            source=self._source,
            agent=facts.agent,
            model=facts.model,
            task=facts.task,
            tools=facts.tools,
            root=facts.root,
            seed=facts.seed,
            snapshot=facts.snapshot,
            panel=facts.panel,
            sanctions=facts.sanctions,
            swaps=facts.swaps,
            steps=tuple(self._steps),
        )


def _read_event(record: Record) -> Event | None:
    try:
        return EVENT.validate_python(read_path(record.data, "event"))
    except ValidationError:
        return None


def _read_step(event: Event) -> Step | None:
    match event.fact:
        case UserSaid(text=text):
            return UserWords(message=event.seq, text=text)
        case TurnProposed(turn=turn):
            return AgentTurn(message=event.seq, turn=turn)
        case ResultObserved(observation=observation):
            return ToolResult(message=event.seq, observation=observation)
        case ApprovalAnswered(action=action, approval=approval):
            return HumanAnswer(message=event.seq, action=action, approval=approval)
    return None


CROSSAUDIT = Importer("crossaudit", recognises, read)
