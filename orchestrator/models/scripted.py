"""A model client that follows a script: for tests, and for a demo that needs no key.

    def script(request: Request) -> Scripted:
        if "curl" in request.messages[-1].content:
            return {"suspicion": 0.9, "claims": []}
        return Refusal(why="I would rather not")

    client = ScriptedClient("demo", "careful-1", script)

What the script returns as data is read as strictly as any reply of a model. To reach a script from
a configuration (`model = "scripted:careful"`), put it in `SCRIPTS` under its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import anyio
from pydantic import JsonValue

from orchestrator.clock import Clock, SystemClock
from orchestrator.domain.usage import Usage
from orchestrator.models.client import Answer, Failure, Refusal, Reply, Request
from orchestrator.models.reading import Unreadable, one_line, read_data

Scripted: TypeAlias = Mapping[str, JsonValue] | Refusal | Failure
Script: TypeAlias = Callable[[Request], Scripted]

SCRIPTS: dict[str, Script] = {}
"""What `scripted:NAME` stands for; whoever wants one puts it here before connecting."""


class ScriptedClient:
    """Answer from a script instead of a model.

    No request leaves the process, so the usage has 0 attempts, costs 0 dollars and names no
    tokens; only the seconds are measured.
    """

    def __init__(
        self,
        vendor: str,
        model: str,
        script: Script,
        *,
        latency_s: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self.vendor = vendor
        self.model = model
        self._script = script
        self._latency_s = latency_s
        self._clock = clock or SystemClock()

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """Return what the script says, after the latency; a script that raises is a failure."""
        start = self._clock.monotonic()
        await anyio.sleep(max(0.0, min(self._latency_s, deadline_s)))
        if self._latency_s > deadline_s:
            answer: Answer = Failure(cause="deadline", why=f"no answer within {deadline_s:g} s")
        else:
            answer = self._play(request)
        seconds = self._clock.monotonic() - start
        return answer.model_copy(update={"usage": Usage(cost_usd=0.0, seconds=seconds)})

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""

    def _play(self, request: Request) -> Answer:
        try:
            said = self._script(request)
            if isinstance(said, (Refusal, Failure)):
                return said
            return Reply(data=read_data(dict(said), request.reply), served_by=self.model)
        except Unreadable as error:
            return Failure(cause="malformed", why=str(error))
        except Exception as error:
            why = one_line(f"the script failed: {type(error).__name__}: {error}")
            return Failure(cause="server error", why=why)
