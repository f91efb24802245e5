"""Generated runs for measuring and fitting; held-out sets are only ever measured."""

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
_LATER = {"injections": ("fresh", "blind")}
"""Name -> further held-out sets, each written after the scorer and without sight of it."""


class Case(Protocol):
    """A generated run and what is true of it."""

    @property
    def recording(self) -> Recording: ...
    @property
    def is_bad(self) -> bool: ...
    @property
    def first_bad_action_id(self) -> str | None: ...
    @property
    def world(self) -> str: ...
    @property
    def wording(self) -> str: ...
    @property
    def language(self) -> str: ...


Generate: TypeAlias = Callable[[int, int, str], Sequence[Case]]


def generators() -> dict[str, Generate]:
    """Return the function of each generator: `generate(seed, n, half)`."""
    return {name: _load(module) for name, module in _HOMES.items()}


def held_out() -> dict[str, Callable[[], Iterator[Labelled]]]:
    """Return what makes labelled runs from the sets that no auditor was written against."""
    return {
        name: lambda generate=generate, half=half: label(generate(SEED, MANY, half))  # type: ignore[misc]
        for name, (generate, half) in _held_out().items()
    }


def _held_out() -> dict[str, tuple[Generate, str]]:
    """Return generator and half of each set, later ones beside the frozen one."""
    sets: dict[str, tuple[Generate, str]] = {}
    for name, generate in generators().items():
        sets[f"generated {name}"] = (generate, "frozen")
        for half in _LATER.get(name, ()):
            sets[f"generated {name}, {half}"] = (generate, half)
    return sets


def label(cases: Sequence[Case]) -> Iterator[Labelled]:
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
