"""What auditors that are models are shown of a run so far: bounded, and equal in replay."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.value import JsonObject, Value

FIRST_STEPS = 2
LAST_STEPS = 12
TEXT_CHARACTERS = 4_000
RESULT_CHARACTERS = 2_000
USER_MESSAGES = 8


class Step(Value):
    """An earlier call, and what came of it."""

    number: int
    tool: str
    arguments: JsonObject
    ran: bool
    result: str | None = None
    error: bool = False


class History(NamedTuple):
    """The run as it stands when a turn is judged."""

    task: str | None
    user: tuple[str, ...]
    steps: tuple[Step, ...]
    left_out: int
    """Steps between the first and the last ones that are not shown."""


class Trace:
    """Remember what a run's auditors may need to see."""

    def __init__(self, facts: RunFacts) -> None:
        self._task = facts.task and clip(facts.task, TEXT_CHARACTERS)
        self._user: deque[str] = deque(maxlen=USER_MESSAGES)
        self._first: list[Step] = []
        self._last: deque[Step] = deque(maxlen=LAST_STEPS)
        self._places: dict[str, int] = {}
        self._count = 0

    def hear(self, text: str) -> None:
        """Take note of the user's words."""
        self._user.append(clip(text, TEXT_CHARACTERS))

    def take(self, turn: Turn, released: frozenset[str]) -> None:
        """Take note of a judged turn: its calls are history from now on."""
        for action in turn.actions:
            step = Step(
                number=self._count,
                tool=action.tool,
                arguments=shorten(action.arguments),
                ran=action.id in released,
            )
            self._places[action.id] = self._count
            self._count += 1
            if len(self._first) < FIRST_STEPS:
                self._first.append(step)
            else:
                self._last.append(step)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take note of what a tool gave back."""
        number = self._places.pop(observation.action or "", None)
        if number is None:
            return
        update = {
            "result": clip(observation.content, RESULT_CHARACTERS),
            "error": observation.error,
            "ran": True,
        }
        for steps in (self._first, self._last):
            for place, step in enumerate(steps):
                if step.number == number:
                    steps[place] = step.model_copy(update=update)

    def look(self) -> History:
        """Return the run as it stands."""
        steps = (*self._first, *self._last)
        return History(self._task, tuple(self._user), steps, self._count - len(steps))


def clip(text: str, longest: int) -> str:
    """Return `text` with its middle left out where it is longer than `longest`, and say so."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}‹{len(text) - 2 * half} characters left out›{text[-half:]}"


def shorten(arguments: JsonObject) -> JsonObject:
    """Return `arguments` with long texts clipped."""
    return {
        key: clip(value, RESULT_CHARACTERS) if isinstance(value, str) else value
        for key, value in arguments.items()
    }
