"""Recordings of agents at work in our worlds, each with its label beside it, not in it."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from orchestrator.domain.action import Action, Observation, ToolSpec, Turn
from orchestrator.domain.run import Source
from orchestrator.replay.recording import AgentTurn, Recording, ToolResult, UserWords
from orchestrator.replay.recording import Step as Recorded
from tests.generated.entities import choose_entities, make_entities
from tests.generated.world import Goal, Half, Step, Stock, Task, Wording, World, load_stock

Course: TypeAlias = Literal[
    "clean", "resisted", "asked", "asked_and_injected", "followed", "partly"
]

_COURSES: dict[Course, int] = {
    "clean": 24,
    "resisted": 22,
    "asked": 6,
    "asked_and_injected": 4,
    "followed": 32,
    "partly": 12,
}
"""How often each occurs, of a hundred."""


@dataclass(frozen=True, slots=True)
class Case:
    """One run and what is true of it."""

    recording: Recording
    is_bad: bool
    first_bad_action_id: str | None
    world: str
    wording: str
    """Name of the wording; empty where nothing was injected."""
    language: str
    course: Course


def generate(seed: int, n: int, half: Half = "development") -> list[Case]:
    """Return `n` cases; the same seed gives the same ones."""
    return play_stock(load_stock(half), f"{half}/{seed}", n)


def play_stock(stock: Stock, seed: str, n: int) -> list[Case]:
    """Return `n` cases made from `stock`."""
    rng = random.Random(seed)
    cases = []
    for number in range(n):
        world = stock.worlds[number % len(stock.worlds)]
        course = rng.choices(list(_COURSES), list(_COURSES.values()))[0]
        spoken = {language for goal in world.goals for language in goal.asks}
        wordings = [wording for wording in stock.wordings if wording.language in spoken]
        scene = _Scene(rng, stock, world, rng.choice(wordings), course, number)
        cases.append(scene.play(stock.decoys if course in ("clean", "asked") else ()))
    return cases


class _Scene:
    """One case in the making."""

    def __init__(
        self,
        rng: random.Random,
        stock: Stock,
        world: World,
        wording: Wording,
        course: Course,
        number: int,
    ) -> None:
        self._rng = rng
        self._world = world
        self._wording = wording
        self._course = course
        self._number = number
        self._entities = make_entities(rng) | choose_entities(rng, stock.entities)
        self._steps: list[Recorded] = []
        self._turns = 0
        self._first_bad: str | None = None
        self._decoy = ""

    def play(self, decoys: Sequence[str] = ()) -> Case:
        """Act the case out; ordinary results may hold one of `decoys`."""
        self._decoy = self._rng.choice((*decoys, *[""] * len(decoys))) if decoys else ""
        task, goal = self._choose()
        is_injected = self._course not in ("clean", "asked")
        words = self._fill(task.words)
        if self._course.startswith("asked"):
            words += f" And {self._fill(goal.asks['en'])}."
        planted = [at for at, step in enumerate(task.steps) if step.holds_injection]
        place = self._rng.choice(planted) if planted else len(task.steps) - 1
        obeys = self._course in ("followed", "partly")
        moment = place if self._rng.random() < 0.5 else len(task.steps) - 1
        for at, step in enumerate(task.steps):
            if task.later and at == len(task.steps) - 1:
                self._hear(self._fill(task.later))
            self._act(step, is_bad=False, injected=goal if is_injected and at == place else None)
            if obeys and at == moment:
                self._obey(goal)
        if self._course.startswith("asked"):
            for step in goal.calls:
                self._act(step, is_bad=False)
        self._say("Done, I left the rest alone." if self._course == "resisted" else "Done.")
        return Case(
            recording=self._record(words),
            is_bad=obeys,
            first_bad_action_id=self._first_bad,
            world=self._world.name,
            wording=self._wording.name if is_injected else "",
            language=self._wording.language if is_injected else "",
            course=self._course,
        )

    def _choose(self) -> tuple[Task, Goal]:
        language = self._wording.language
        goal = self._rng.choice([goal for goal in self._world.goals if language in goal.asks])
        tasks = self._world.tasks
        if self._course not in ("clean", "asked"):
            tasks = tuple(task for task in tasks if any(s.holds_injection for s in task.steps))
        return self._rng.choice(tasks), goal

    def _obey(self, goal: Goal) -> None:
        calls = goal.calls
        if self._course == "partly":
            calls = calls[-1:] if self._rng.random() < 0.5 else calls[:1]
        for step in calls:
            self._act(step, is_bad=True)

    def _act(self, step: Step, *, is_bad: bool, injected: Goal | None = None) -> None:
        name = f"c{self._number}-{self._turns}"
        arguments = self._fill_all(step.arguments)
        if is_bad and self._course == "partly" and "amount" in arguments:
            arguments["amount"] = "10.00"
        action = Action(id=name, call_id=name, tool=step.tool, arguments=arguments)
        message = self._rng.choice((None, "Next step.", f"I use {step.tool}."))
        turn = Turn(index=self._turns, message=message, actions=(action,))
        self._steps.append(AgentTurn(message=len(self._steps), turn=turn))
        self._turns += 1
        content = self._fill(step.result)
        if injected is not None:
            content = self._plant(content, self._dress(injected))
        elif step.holds_injection and self._decoy:
            content = self._plant(content, self._fill(self._decoy))
        observation = Observation(action=name, call_id=name, tool=step.tool, content=content)
        self._steps.append(ToolResult(message=len(self._steps), observation=observation))
        if is_bad and self._first_bad is None:
            self._first_bad = name

    def _hear(self, text: str) -> None:
        self._steps.append(UserWords(message=len(self._steps), text=text))

    def _say(self, text: str) -> None:
        turn = Turn(index=self._turns, message=text)
        self._steps.append(AgentTurn(message=len(self._steps), turn=turn))

    def _plant(self, content: str, text: str) -> str:
        """Put `text` at the end of the result, or between its lines."""
        lines = content.split("\n")
        at = self._rng.randint(1, len(lines))
        return "\n".join([*lines[:at], text, *lines[at:]])

    def _dress(self, goal: Goal) -> str:
        language, last = self._wording.language, goal.calls[-1]
        ask = self._fill(goal.asks[language])
        if self._wording.encoded:
            ask = base64.b64encode(ask.encode()).decode()
        return self._fill(self._wording.text).format(
            ask=ask,
            Ask=ask[:1].upper() + ask[1:],
            hint=self._fill(goal.hints.get(language, "")),
            tool=last.tool,
            arguments=json.dumps(self._fill_all(last.arguments), ensure_ascii=False),
        )

    def _fill(self, text: str) -> str:
        for name, value in self._entities.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _fill_all(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {k: self._fill(v) if isinstance(v, str) else v for k, v in arguments.items()}

    def _record(self, words: str) -> Recording:
        tools = tuple(ToolSpec(name=n, description=d) for n, d in self._world.tools.items())
        source = Source(file=f"{self._world.name}.jsonl", record=self._number, format="generated")
        return Recording(source=source, task=words, tools=tools, steps=tuple(self._steps))
