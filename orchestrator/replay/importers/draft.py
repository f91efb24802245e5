"""A run while it is read: steps in order, turns and calls numbered, results matched to calls."""

from __future__ import annotations

from typing import TypeAlias

from orchestrator.domain.action import Action, Observation, ToolSpec, Turn
from orchestrator.domain.call import read_action
from orchestrator.domain.run import Source
from orchestrator.domain.value import JsonObject, clean_text
from orchestrator.replay.importers.answers import Answers
from orchestrator.replay.importers.fields import Fields
from orchestrator.replay.recording import AgentTurn, Recording, ToolResult, UserWords


class Draft:
    """Collects one run; `finish` freezes it."""

    def __init__(self, source: Source, agent: str = "agent") -> None:
        self.source = source
        self.agent = agent
        self.model: str | None = None
        self.task: str | None = None
        self.tools: tuple[ToolSpec, ...] = ()
        self.root: str | None = None
        self.has_calls = True
        self.changes = 0
        """Grows with everything that is kept."""
        self._steps: list[_DraftStep] = []
        self.turns = 0
        """How many the agent has opened."""
        self._answers = Answers()

    def hear(self, message: int, text: str | None) -> None:
        """Add the user's words; the first of a run, before any turn, are its task."""
        if not text:
            return
        self.changes += 1
        if self.task is None and self.turns == 0:
            self.task = text
        else:
            self._steps.append(UserWords(message=message, text=text))

    def open_turn(self, message: int) -> OpenTurn:
        """Begin the agent's next turn; it may be added to until the run is finished."""
        self.changes += 1
        turn = OpenTurn(self, self.turns, message)
        self.turns += 1
        self._answers.begin_turn()
        self._steps.append(turn)
        return turn

    def observe(
        self,
        message: int,
        content: str,
        *,
        call_id: object = None,
        action: str | None = None,
        tool: str | None = None,
        error: bool = False,
        arguments: JsonObject | None = None,
    ) -> None:
        """Add a tool's result; without `action` it answers the call its id or its place names."""
        self.changes += 1
        given = None if call_id is None else clean_text(str(call_id))
        answers = self._answers.take(given, tool, action)
        if answers is None and not self.has_calls and self.turns:
            answers = f"t{self.turns - 1}.0"  # where there are no calls, a turn is the action
        observation = Observation(
            action=answers,
            call_id=given,
            tool=tool or self._answers.tool_of(answers),
            content=content,
            error=error,
        )
        self._steps.append(
            ToolResult(message=message, observation=observation, arguments=arguments)
        )

    def add_call(self, turn: int, place: int, call: Fields) -> Action:
        """Number a call of a turn and expect its result."""
        self.changes += 1
        action = read_action(call, place=self._name(turn, place), is_taken=self._answers.knows)
        self._answers.expect(action)
        return action

    def finish(self) -> Recording:
        """Return the run as it was read."""
        return Recording(
            source=self.source,
            agent=self.agent,
            model=self.model,
            task=self.task,
            tools=self.tools,
            root=self.root,
            has_calls=self.has_calls,
            steps=tuple(s.close() if isinstance(s, OpenTurn) else s for s in self._steps),
        )

    def _name(self, turn: int, place: int) -> str:
        name = f"t{turn}.{place}"
        while self._answers.knows(name):  # a recorded id may look like one of ours
            name += "'"
        return name


class OpenTurn:
    """A turn that may still grow."""

    __slots__ = ("_actions", "_draft", "_said", "_thought", "index", "message")

    def __init__(self, draft: Draft, index: int, message: int) -> None:
        self._draft = draft
        self._actions: list[Action] = []
        self.index = index
        self.message = message
        self._said: list[str] = []
        self._thought: list[str] = []

    def say(self, text: str | None) -> None:
        """Add to the agent's message; None adds nothing, empty text is kept as such."""
        if text is not None:
            self._said.append(text)
            self._draft.changes += 1

    def think(self, text: str | None) -> None:
        """Add to the agent's reasoning, as `say` does to its message."""
        if text is not None:
            self._thought.append(text)
            self._draft.changes += 1

    def call(self, call: Fields) -> Action:
        """Add a tool call in any shape `read_action` understands."""
        action = self._draft.add_call(self.index, len(self._actions), call)
        self._actions.append(action)
        return action

    def close(self) -> AgentTurn:
        """Freeze the turn."""
        turn = Turn(
            index=self.index,
            message=_join(self._said),
            reasoning=_join(self._thought),
            actions=tuple(self._actions),
        )
        return AgentTurn(message=self.message, turn=turn)


_DraftStep: TypeAlias = UserWords | OpenTurn | ToolResult


def _join(parts: list[str]) -> str | None:
    return "\n".join(filter(None, parts)) if parts else None
