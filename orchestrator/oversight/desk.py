"""Where the engine waits for people: one desk a run, many requests at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

import anyio

from orchestrator.clock import Clock
from orchestrator.domain.decision import Approval, Request
from orchestrator.oversight.approvals import Answer, PendingApproval

POLL_SECONDS = 0.05


class Addressed(Answer, Protocol):
    """An answer that says which request it is for."""

    @property
    def request(self) -> str: ...


Fetch: TypeAlias = Callable[[], Awaitable[Sequence[Addressed]]]
OnVote: TypeAlias = Callable[[str, Addressed], Awaitable[None]]


class ApprovalDesk:
    """Hand incoming answers to the requests they are for, until each is settled."""

    def __init__(self, fetch: Fetch, clock: Clock, on_vote: OnVote) -> None:
        self._fetch = fetch
        self._clock = clock
        self._on_vote = on_vote
        self._pending: dict[str, PendingApproval] = {}

    async def wait(self, request: Request) -> Approval:
        """Return the settled approval of `request`; withdraw it when cancelled."""
        pending = self._pending[request.id] = PendingApproval(request)
        try:
            while True:
                await self._poll()
                pending.expire(self._clock.now())
                if pending.settled:
                    return pending.settled
                await anyio.sleep(POLL_SECONDS)
        finally:
            del self._pending[request.id]

    async def _poll(self) -> None:
        for answer in await self._fetch():
            pending = self._pending.get(answer.request)
            if pending and pending.take(answer):
                await self._on_vote(answer.request, answer)
