"""What auditors that are models are shown of a run so far: bounded, and equal in replay."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from pydantic import Field

from orchestrator.auditors.model.excerpt import clip, excerpt
from orchestrator.auditors.model.spans import find_spans
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.value import JsonObject, Value

FIRST_STEPS = 2
LAST_STEPS = 12
TEXT_CHARACTERS = 4_000
RESULT_CHARACTERS = 2_000
USER_MESSAGES = 8
EFFECTS = 12
"""Of the steps between, the last ones that name somebody, some place or some sum."""
ARGUMENT_CHARACTERS = 1_000
LONGEST_NAME = 200


class Step(Value):
    """An earlier call, and what came of it."""

    number: int
    tool: str
    arguments: JsonObject
    ran: bool
    result: str | None = None
    error: bool = False
    spans: JsonObject = Field(default_factory=dict)
    """What stands in the arguments, where not all of them are kept."""


class History(NamedTuple):
    """The run as it stands when a turn is judged."""

    task: str | None
    user: tuple[str, ...]
    steps: tuple[Step, ...]
    left_out: int
    """Steps between the first and the last ones that are not shown."""
    effects: tuple[Step, ...] = ()
    """Some of those left out, without their results: what they name may still matter."""


class Trace:
    """Remember what a run's auditors may need to see."""

    def __init__(self, facts: RunFacts) -> None:
        self._task = facts.task and clip(facts.task, TEXT_CHARACTERS)
        self._user: deque[str] = deque(maxlen=USER_MESSAGES)
        self._first: list[Step] = []
        self._last: deque[Step] = deque(maxlen=LAST_STEPS)
        self._effects: deque[Step] = deque(maxlen=EFFECTS)
        self._waiting: dict[str, int] = {}
        """Numbers of kept steps whose result has not come yet."""
        self._count = 0

    def hear(self, text: str) -> None:
        """Take note of the user's words."""
        self._user.append(clip(text, TEXT_CHARACTERS))

    def take(self, turn: Turn, released: frozenset[str]) -> None:
        """Take note of a judged turn: its calls are history from now on."""
        for action in turn.actions:
            step = _read_step(self._count, action, action.id in released)
            self._waiting[action.id] = self._count
            self._count += 1
            if len(self._first) < FIRST_STEPS:
                self._first.append(step)
                continue
            if len(self._last) == LAST_STEPS:
                self._leave_out(self._last[0])
            self._last.append(step)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take note of what a tool gave back."""
        number = self._waiting.pop(observation.action or "", None)
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
        left_out = self._count - len(steps)
        return History(self._task, tuple(self._user), steps, left_out, tuple(self._effects))

    def _leave_out(self, step: Step) -> None:
        """Let go of a step: what it names is kept, and its result no longer awaited."""
        first, last = FIRST_STEPS, step.number
        self._waiting = {name: at for name, at in self._waiting.items() if at < first or at > last}
        named = step.spans or find_spans(step.arguments)
        if named:
            only = {"arguments": {}, "spans": named, "result": None}
            self._effects.append(step.model_copy(update=only))


def _read_step(number: int, action: Action, ran: bool) -> Step:
    view = excerpt(action.arguments, ARGUMENT_CHARACTERS)
    return Step(
        number=number,
        tool=clip(action.tool, LONGEST_NAME),
        arguments=view.value if isinstance(view.value, dict) else {},
        ran=ran,
        spans={} if view.is_whole else find_spans(action.arguments),
    )


def shorten(arguments: JsonObject) -> JsonObject:
    """Return `arguments` with what is long clipped."""
    value = excerpt(arguments, RESULT_CHARACTERS).value
    return value if isinstance(value, dict) else {}
