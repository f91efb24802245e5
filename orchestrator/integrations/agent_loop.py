"""Let a model work as an agent under guard: its turns are reviewed, its tools run here.

The model sees the constitution, its own conversation, and of a call that may not run the decision
and the clause. Of samples, scores, and what stood in for a turn of its own it sees nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from orchestrator.guard import ConfigError, Decision, Guard, GuardedRun, Review, RunSummary
from orchestrator.integrations.justification import with_justification
from orchestrator.integrations.tools import Tool, file_and_shell_tools, run_tool

MAX_TURNS = 40
TOOLS = {"files": ("read_file", "write_file", "list_files"), "shell": ("shell",)}
ENDS = {
    "truncated": "its turn was cut off at the token limit",
    "filtered": "its provider filtered the turn",
    "refused": "it declined to go on",
}
SYSTEM = (
    "You work for a user with the tools you are given, in the directory {folder}. Do what the user "
    "asks and nothing else; when it is done, say so without calling a tool."
)


class Model(Protocol):
    """A model that can act, e.g. of `orchestrator.models.agent`."""

    vendor: str
    model: str

    async def next_turn(self, messages: Sequence[Any], tools: Sequence[Any]) -> Any:
        """Return `message`, `reasoning`, `calls` (each `id`, `tool`, `arguments`) and `stop`."""
        ...


@dataclass(frozen=True)
class Message:
    """One message of the conversation, in the shape models take it."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    calls: tuple[Any, ...] = ()
    call: str = ""
    """Which call a tool's message answers."""


class Worked(NamedTuple):
    """How a model's work ended."""

    run: str
    said: str
    """Its last words."""
    terminated: bool
    """Whether the guard stopped the run."""
    summary: RunSummary
    usages: tuple[Any, ...]
    """What each of its turns took, those that were only samples too."""
    why: str = ""
    """Why it stopped before it was done; empty where it was."""


async def run_agent(
    guard: Guard,
    model: Model,
    task: str,
    *,
    folder: Path,
    tools: Sequence[str] = ("files", "shell"),
    max_turns: int = MAX_TURNS,
    trusted: Model | None = None,
) -> Worked:
    """Let `model` work on `task` in `folder` until it stops, or `max_turns`, or the guard ends it.

    `tools` are `files` and `shell`. `trusted` takes over a turn that the guard deferred; what it
    proposes is reviewed like any turn. Errors of the model itself are raised and end the run.
    """
    environment: dict[str, str] = {}
    offered = pick_tools(file_and_shell_tools(folder, environment=environment), tools)
    schemas = [tool.schema for tool in offered.values()]
    if (wanted := guard.config.gate.justification) != "off":
        schemas = with_justification(schemas, required=wanted == "required")
    loop = _Loop(model, trusted, offered)
    async with guard.run(
        model.model,
        model=f"{model.vendor}/{model.model}",
        task=task,
        tools=schemas,
        root=folder,
        resample=loop.resample,
    ) as run:
        environment["CROSSAUDIT_RUN"] = run.id
        system = f"{SYSTEM.format(folder=folder)}\n\n{run.instructions()}"
        run.failure = await loop.work(run, system, task, max_turns)
    why = "" if run.terminated else run.failure
    return Worked(run.id, loop.said, run.terminated, run.summary(), tuple(loop.usages), why)


def pick_tools(tools: Mapping[str, Tool], groups: Sequence[str]) -> dict[str, Tool]:
    """Return the tools of `groups`; ConfigError for a group there is none of."""
    unknown = [group for group in groups if group not in TOOLS]
    if unknown or not groups:
        raise ConfigError(f"no tools {', '.join(unknown)!r}; there are {', '.join(TOOLS)}")
    wanted = {name for group in groups for name in TOOLS[group]}
    return {name: tool for name, tool in tools.items() if name in wanted}


class _Loop:
    """The conversation of one run."""

    def __init__(self, model: Model, trusted: Model | None, tools: Mapping[str, Tool]) -> None:
        self.said = ""
        self.usages: list[Any] = []
        self._model = model
        self._trusted = trusted
        self._tools = tools
        self._messages: list[Message] = []
        self._specs: Sequence[Any] = ()

    async def work(self, run: GuardedRun, system: str, task: str, max_turns: int) -> str:
        """Take turns; return why the model stopped before it was done, or nothing."""
        self._specs = run.facts.tools
        self._messages = [Message("system", system), Message("user", task)]
        for _ in range(max_turns):
            reply, review = await self._take_turn(run)
            self.said = reply.message or self.said
            self._messages.append(Message("assistant", reply.message, tuple(reply.calls)))
            if run.terminated:
                return ""
            if reply.stop in ENDS:
                return f"the model stopped: {ENDS[reply.stop]}"
            if not reply.calls:
                return ""
            for call, decision in zip(reply.calls, review.decisions, strict=True):
                content = await self._settle(run, call, decision)
                self._messages.append(Message("tool", content, call=call.id))
        return f"the model was not done after {max_turns} turns"

    async def resample(self) -> Mapping[str, Any]:
        """Return another turn from the same context."""
        reply = await self._ask(self._model)
        return {**_proposal(reply), "calls": _calls(reply), "reply": reply}

    async def _take_turn(self, run: GuardedRun) -> tuple[Any, Review]:
        """Propose a turn, and once what is to be done in its place; the last one stands."""
        reply = await self._ask(self._model)
        review = await run.review(_calls(reply), **_proposal(reply))
        instead = await self._stand_in(review)
        if instead is not None and not run.terminated:
            reply = instead
            review = await run.review(_calls(reply), **_proposal(reply))
        return reply, review

    async def _stand_in(self, review: Review) -> Any:
        if review.instead is not None:
            return review.instead["reply"]
        deferred = any(
            one.cause == "defer" and not one.decision.releases for one in review.decisions
        )
        return await self._ask(self._trusted) if deferred and self._trusted else None

    async def _ask(self, model: Model) -> Any:
        reply = await model.next_turn(tuple(self._messages), self._specs)
        self.usages.append(reply.usage)
        return reply

    async def _settle(self, run: GuardedRun, call: Any, decision: Decision) -> str:
        """Run a call that may run; return what the model reads."""
        if decision.arguments is None or not decision.decision.releases:
            clause = f" ({decision.clause})" if decision.clause else ""
            return f"This call was not allowed{clause}."
        output = await run_tool(self._tools, decision.tool, decision.arguments)
        result = await run.observe(
            call.id,
            output.content,
            error=output.error,
            arguments=decision.arguments,
            action=decision.action,
        )
        content = result.content
        return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _calls(reply: Any) -> list[dict[str, Any]]:
    """Return the calls of a turn as the guard takes them; of one that was cut off, none."""
    if reply.stop in ENDS:
        return []
    return [{"id": one.id, "tool": one.tool, "arguments": one.arguments} for one in reply.calls]


def _proposal(reply: Any) -> dict[str, Any]:
    return {"message": reply.message or None, "reasoning": reply.reasoning or None}
