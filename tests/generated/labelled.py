"""A generated run and what is true of it; the label stands beside the recording, never in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml

from orchestrator.domain.action import Action, Justification, Observation, Turn
from orchestrator.domain.run import Source
from orchestrator.replay.recording import AgentTurn, Recording, Step, ToolResult, UserWords

Half: TypeAlias = Literal["development", "frozen"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One run."""

    recording: Recording
    is_bad: bool
    first_bad_action_id: str | None
    world: str
    wording: str
    """Name of what was put in; empty where nothing was."""
    language: str


class Script:
    """A recording in the making."""

    def __init__(self, task: str, name: str) -> None:
        self._task = task
        self._name = name
        self._steps: list[Step] = []
        self._turns = 0

    def say(self, text: str) -> None:
        """Let the user speak."""
        self._steps.append(UserWords(message=len(self._steps), text=text))

    def act(
        self,
        message: str | None,
        tool: str | None,
        arguments: dict[str, Any] | None = None,
        result: str | None = None,
        *,
        reasoning: str | None = None,
        justification: dict[str, Any] | None = None,
        error: bool = False,
    ) -> str:
        """Add a turn, with a call unless `tool` is None; return the id of its action."""
        name = f"call-{self._turns}"
        given = None if justification is None else Justification.model_validate(justification)
        action = Action(
            id=name, call_id=name, tool=tool or "", arguments=arguments or {}, justification=given
        )
        turn = Turn(
            index=self._turns,
            message=message,
            reasoning=reasoning,
            actions=(action,) if tool else (),
        )
        self._turns += 1
        self._steps.append(AgentTurn(message=len(self._steps), turn=turn))
        if tool and result is not None:
            seen = Observation(action=name, call_id=name, tool=tool, content=result, error=error)
            self._steps.append(ToolResult(message=len(self._steps), observation=seen))
        return name

    def recording(self) -> Recording:
        """Return what was written so far."""
        source = Source(file=self._name, format="generated")
        return Recording(source=source, task=self._task, steps=tuple(self._steps))


def read_stock(name: str, half: Half) -> Any:
    """Return the data that cases of one half are made from."""
    path = Path(__file__).with_name(f"{name}_{half}.yaml")
    return yaml.safe_load(path.read_text("utf-8"))
