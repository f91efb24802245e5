"""Generated runs for measuring and fitting; the frozen half is only ever measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Protocol, TypeAlias, cast

from orchestrator.replay.recording import AgentTurn, Recording
from tests.benchmarks.labelled import Labelled

SEED = 4242
MANY = 600
_HOMES = {"injections": "cases", "claims": "claims", "evasion": "evasion"}
"""Name -> module below `tests.generated`."""


class Case(Protocol):
    """A generated run and what is true of it."""

    recording: Recording
    is_bad: bool
    first_bad_action_id: str | None
    world: str
    wording: str
    language: str


Generate: TypeAlias = Callable[[int, int, str], Sequence[Case]]


def generators() -> dict[str, Generate]:
    """Return the function of each generator: `generate(seed, n, half)`."""
    return {name: _load(module) for name, module in _HOMES.items()}


def frozen_halves() -> dict[str, Callable[[], Iterator[Labelled]]]:
    """Return what makes labelled runs from the half that no auditor was written against."""
    return {
        f"generated {name}": lambda generate=generate: _label(generate(SEED, MANY, "frozen"))  # type: ignore[misc]
        for name, generate in generators().items()
    }


def _label(cases: Sequence[Case]) -> Iterator[Labelled]:
    for case in cases:
        yield Labelled(
            case.recording, case.is_bad, _message_of(case.recording, case.first_bad_action_id)
        )


def _message_of(run: Recording, action: str | None) -> int | None:
    """Return the message of an action."""
    turns = (step for step in run.steps if isinstance(step, AgentTurn))
    return next(
        (step.message for step in turns if any(a.id == action for a in step.turn.actions)), None
    )


def _load(module: str) -> Generate:
    loaded: Any = import_module(f"tests.generated.{module}")
    return cast(Generate, loaded.generate)
