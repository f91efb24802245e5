"""Run side calls beside a run: they delay nothing, raise nothing, and end with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import anyio
from anyio.abc import TaskGroup

from orchestrator.audits.job import Job
from orchestrator.domain.event import Fact

LINGER_SECONDS = 5.0
"""How long a run that ended well waits for side calls under way; then they are given up."""
ENDED = "given up: the run ended before there was an answer"
Append = Callable[..., Awaitable[Sequence[object]]]
Note = Callable[[str, Exception], Awaitable[None]]


class Background:
    """Own the side calls of one run; what they say is recorded once their turn is decided."""

    def __init__(self, append: Append, note_failure: Note, *, waits: bool) -> None:
        """`waits` leaves the recording to `settle`, so that a replay has one order."""
        self._append = append
        self._note_failure = note_failure
        self._waits = waits
        self._tasks: TaskGroup | None = None
        self._scopes: set[anyio.CancelScope] = set()
        self._under_way = 0
        self._started = 0
        self._decided = -1
        self._done: list[tuple[int, int, Sequence[Fact]]] = []
        self._idle = anyio.Event()
        self._lock = anyio.Lock()

    async def open(self) -> None:
        """Begin; `leave` must follow in the same task."""
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()

    def start(self, job: Job, turn: int) -> None:
        """Start a side call about `turn`; nothing happens before `open` or after `close`."""
        if self._tasks is None:
            return
        if self._under_way == 0:
            self._idle = anyio.Event()
        self._under_way += 1
        self._started += 1
        self._tasks.start_soon(self._work, job, turn, self._started)

    def decided(self, turn: int) -> None:
        """Take note that everything up to `turn` is decided and recorded."""
        self._decided = max(self._decided, turn)
        if self._done and self._tasks and not self._waits:
            self._tasks.start_soon(self._flush)

    async def settle(self) -> None:
        """Wait for all side calls and record what they said."""
        if self._under_way:
            await self._idle.wait()
        await self._flush()

    async def close(self, *, at_once: bool) -> None:
        """Wait a little, or not at all, then give up what is under way; record all of it."""
        if self._under_way and not at_once:
            with anyio.move_on_after(LINGER_SECONDS):
                await self._idle.wait()
        for scope in list(self._scopes):
            scope.cancel()
        if self._under_way:
            await self._idle.wait()
        self._decided = max([self._decided, *(turn for turn, _, _ in self._done)])
        await self._flush()

    async def leave(self) -> None:
        """End; nothing can be started any more."""
        tasks, self._tasks = self._tasks, None
        if tasks:
            await tasks.__aexit__(None, None, None)

    async def _work(self, job: Job, turn: int, number: int) -> None:
        said: Sequence[Fact] | None = None
        scope = anyio.CancelScope()
        self._scopes.add(scope)
        try:
            try:
                with scope:
                    said = await job.run()
            except Exception as failure:
                said = job.give_up(f"{type(failure).__name__}: {failure}")
            finally:
                self._scopes.discard(scope)
                self._done.append((turn, number, job.give_up(ENDED) if said is None else said))
            if not self._waits:
                await self._flush()
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._idle.set()

    async def _flush(self) -> None:
        """Record what was said about decided turns, in the order it was asked for."""
        async with self._lock:
            ready = sorted(
                (one for one in self._done if one[0] <= self._decided), key=lambda one: one[:2]
            )
            self._done = [one for one in self._done if one[0] > self._decided]
            facts = [fact for _, _, said in ready for fact in said]
            if not facts:
                return
            try:
                await self._append(*facts)
            except Exception as failure:
                await self._note_failure("audits", failure)
