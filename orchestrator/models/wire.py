"""What the adapters to SDKs have in common: open, send once, turn every fault into an attempt."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from orchestrator.clock import Clock
from orchestrator.models.attempt import Attempt, Rung
from orchestrator.models.client import Request
from orchestrator.models.faults import Faults
from orchestrator.models.fields import as_dict


class Wire(ABC):
    """One request of one API at a time."""

    ladder: tuple[Rung, ...]

    def __init__(
        self,
        model: str,
        *,
        vendor: str,
        key: str,
        clock: Clock,
        base_url: str | None = None,
        stream: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the SDK, which takes a second, and connect to nothing yet."""
        self.vendor = vendor
        self.model = model
        self._own = base_url is None
        self._key = key
        self._base_url = base_url
        self._stream = stream
        self._extra = dict(extra or {})
        self._faults = Faults(clock, key)
        self._reopen()

    async def attempt(self, request: Request, rung: Rung) -> Attempt:
        """Send the request once; never raises but for cancellation."""
        try:
            if self._is_closed:
                self._reopen()
            body = self.body(request, rung)
            answer = await (self._streamed(body) if self._stream else self._whole(body))
        except Exception as error:
            return self._faults.by_exception(error, rung)
        return self.read(answer, request, rung)

    async def aclose(self) -> None:
        """Close connections; the next request opens new ones, also in another event loop."""
        self._is_closed = True
        await self.sdk.close()

    @abstractmethod
    def body(self, request: Request, rung: Rung) -> dict[str, Any]:
        """Return the fields of the request."""

    def fields(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments the SDK is called with."""
        return body

    @abstractmethod
    def read(self, answer: dict[str, Any], request: Request, rung: Rung) -> Attempt:
        """Return what a whole answer comes to."""

    @abstractmethod
    def open(self, key: str, base_url: str | None) -> Any:
        """Return a client of the SDK that never retries."""

    @abstractmethod
    def resource(self) -> Any:
        """Return the part of the SDK's client that requests are created by."""

    @abstractmethod
    async def _streamed(self, body: dict[str, Any]) -> dict[str, Any]: ...

    async def _whole(self, body: dict[str, Any]) -> dict[str, Any]:
        raw = await self._raw.create(**self.fields(body))
        return as_dict(json.loads(await self._content(raw)))

    async def _content(self, raw: Any) -> bytes:
        content: bytes = raw.content
        return content

    def _reopen(self) -> None:
        self.sdk = self.open(self._key, self._base_url)
        self._raw = self.resource().with_raw_response
        self._open = self.resource().with_streaming_response
        self._is_closed = False
