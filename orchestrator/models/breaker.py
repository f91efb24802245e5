"""A circuit breaker: an endpoint that keeps failing is left alone for a while."""

from __future__ import annotations

from typing import Literal, TypeAlias

from orchestrator.clock import Clock
from orchestrator.domain.value import Value

State: TypeAlias = Literal["closed", "open", "half-open"]


class BreakerView(Value):
    """What a breaker shows of itself."""

    state: State
    failures: int
    """Calls that failed in a row."""
    opened: int
    """How often it opened."""
    refused: int
    """Calls that were not made because of it."""
    rest_s: float
    """Seconds until an open breaker lets a call try again; else 0."""


class Breaker:
    """Open after `after` failures in a row; after `rest_s` seconds let one call try."""

    def __init__(self, clock: Clock, after: int, rest_s: float) -> None:
        self._clock = clock
        self._after = after
        self._rest_s = rest_s
        self._failures = 0
        self._opened = 0
        self._refused = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def view(self) -> BreakerView:
        """Return its state and counts."""
        return BreakerView(
            state=self._state,
            failures=self._failures,
            opened=self._opened,
            refused=self._refused,
            rest_s=self._left(),
        )

    def admit(self) -> bool:
        """Say whether a call may be made; one that may must end in `succeed`, `fail` or `leave`."""
        state = self._state
        if state == "closed":
            return True
        if state == "half-open" and not self._probing:
            self._probing = True
            return True
        self._refused += 1
        return False

    def succeed(self) -> None:
        """Note that the endpoint answered, whatever the answer was."""
        self._failures = 0
        self._open_until = None
        self._probing = False

    def fail(self) -> None:
        """Note that the endpoint failed."""
        was_open = self._open_until is not None
        self._failures += 1
        if self._probing or (not was_open and self._failures >= self._after):
            self._open_until = self._clock.monotonic() + self._rest_s
            self._opened += 1
        self._probing = False

    def leave(self) -> None:
        """Note that the call ended without telling anything of the endpoint."""
        self._probing = False

    @property
    def _state(self) -> State:
        if self._open_until is None:
            return "closed"
        return "open" if self._left() > 0 else "half-open"

    def _left(self) -> float:
        until = self._open_until
        return max(0.0, until - self._clock.monotonic()) if until is not None else 0.0
