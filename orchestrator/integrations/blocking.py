"""The guard for code that is not async: works with no event loop and inside a running one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from orchestrator.guard import Guard, GuardedRun, Result, Review
from orchestrator.integrations.functions import name_call


class BlockingRun:
    """A guarded run whose methods wait."""

    def __init__(self, portal: BlockingPortal, run: GuardedRun) -> None:
        self.id = run.id
        self._portal = portal
        self._run = run

    @property
    def terminated(self) -> bool:
        """Say whether a decision ended the run."""
        return self._run.terminated

    def instructions(self) -> str:
        """Return the constitution for the agent's system prompt."""
        return self._run.instructions()

    def user_message(self, text: str) -> None:
        """Record what the user said after the task."""
        self._portal.call(self._run.user_message, text)

    def review(
        self,
        calls: Sequence[Mapping[str, Any] | object],
        *,
        message: str | None = None,
        reasoning: str | None = None,
        justification: Any = None,
    ) -> Review:
        """Decide every call of one assistant message; see `GuardedRun.review`."""

        async def review() -> Review:
            return await self._run.review(
                calls, message=message, reasoning=reasoning, justification=justification
            )

        return self._portal.call(review)

    def observe(
        self,
        call_id: str | None,
        result: Any,
        *,
        error: bool = False,
        arguments: Mapping[str, Any] | None = None,
        action: str | None = None,
    ) -> Result:
        """Check what a tool gave back; see `GuardedRun.observe`."""

        async def observe() -> Result:
            return await self._run.observe(
                call_id, result, error=error, arguments=arguments, action=action
            )

        checked: Result = self._portal.call(observe)
        return checked

    def guard_function(
        self, function: Callable[..., Any], *, tool: str | None = None
    ) -> Callable[..., Any]:
        """Return `function` guarded; it runs in the calling thread. See `guard_function`."""
        name = tool or function.__name__
        signature = inspect.signature(function)

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            call = name_call(name, signature.bind(*args, **kwargs))
            arguments = self.review([call]).raise_for_denied().decisions[0].arguments or {}
            try:
                result = function(**arguments)
            except Exception as error:
                self.observe(call["id"], f"{type(error).__name__}: {error}", error=True)
                raise
            return self.observe(call["id"], result, arguments=arguments).content

        return guarded


class BlockingGuard:
    """A `Guard` for blocking code; takes the same arguments.

    Each run has an event loop in a thread of its own for as long as it lasts.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.guard = Guard(*args, **kwargs)

    @contextmanager
    def run(self, agent: str, **options: Any) -> Iterator[BlockingRun]:
        """Open a guarded run; takes what `Guard.run` takes."""
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(self.guard.run(agent, **options)) as run,
        ):
            yield BlockingRun(portal, run)
