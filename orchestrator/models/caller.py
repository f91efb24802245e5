"""One call to a model from first request to last retry: in time, in budget, and never raising."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_result
from tenacity.wait import wait_random_exponential

from orchestrator.clock import Clock
from orchestrator.config import Price
from orchestrator.domain.usage import Usage
from orchestrator.models.attempt import Adapter, Attempt, Rung, failed, usage_of
from orchestrator.models.breaker import Breaker
from orchestrator.models.client import Answer, Failure, Request
from orchestrator.models.ladder import Ladder
from orchestrator.models.prices import cost_of, expected_cost
from orchestrator.models.spend import Exhausted, Spend
from orchestrator.models.throttle import Throttle

_ENDPOINT_FAILED = ("connection", "overloaded", "server error", "rate limited")
_BACKOFF = wait_random_exponential(multiplier=0.25, max=4.0)


@dataclass(frozen=True)
class Endpoint:
    """What all callers of one model at one place share."""

    breaker: Breaker
    throttle: Throttle
    ladder: Ladder


@dataclass
class _Call:
    """What is known of a call while it runs."""

    request: Request
    deadline_s: float
    start: float
    sent: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    rung: Rung | None = None
    """Where the call stepped down to by itself."""
    misread: int = 0
    late: bool = False
    answer: Answer | None = None


class Caller:
    """A model client on one adapter, with the one retry policy there is.

    Retried are 408, 409, 429, 5xx and broken connections until the deadline or `attempts` requests,
    and a malformed reply once, one rung lower. A wait the endpoint asks for is kept; where it would
    end behind the deadline the call fails at once.
    """

    def __init__(
        self,
        adapter: Adapter,
        endpoint: Endpoint,
        *,
        spend: Spend,
        price: Price | None,
        clock: Clock,
        attempts: int = 4,
    ) -> None:
        self.vendor = adapter.vendor
        self.model = adapter.model
        self.price = price
        self.endpoint = endpoint
        self._adapter = adapter
        self._spend = spend
        self._clock = clock
        self._attempts = attempts

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """Return the answer within `deadline_s` seconds; never raises but for cancellation."""
        call = _Call(request, deadline_s, self._clock.monotonic())
        hold = self._spend.reserve(expected_cost(request, self.price))
        if isinstance(hold, Exhausted):
            why = f"the {hold.scope} has spent ${hold.spent:.4f} of ${hold.limit:g}"
            return Failure(cause="budget exhausted", why=why)
        if not self.endpoint.breaker.admit():
            self._spend.settle(hold, 0.0)
            return self._left_alone()
        try:
            with anyio.move_on_after(deadline_s) as scope:
                async with self.endpoint.throttle.turn():
                    call.answer = (await self._retrying(call)).answer
            call.late = scope.cancelled_caught
        finally:
            self._tell_breaker(call)
            self._spend.settle(hold, self._charge(call))
        return self._closed(call)

    async def aclose(self) -> None:
        """Close connections."""
        await self._adapter.aclose()

    def _left_alone(self) -> Failure:
        view = self.endpoint.breaker.view
        when = f"it is tried again in {view.rest_s:.0f} s" if view.rest_s else "a call tries it now"
        return Failure(cause="breaker open", why=f"{view.failures} calls in a row failed; {when}")

    async def _retrying(self, call: _Call) -> Attempt:
        """Return the first attempt where it is not to be repeated, as nearly all are not."""
        first = await self._send(call)
        if not self._may_retry(call, first):
            return first
        given = [first]

        async def send() -> Attempt:
            return given.pop() if given else await self._send(call)

        retrying = AsyncRetrying(
            sleep=anyio.sleep,
            retry=retry_if_result(lambda attempt: self._may_retry(call, attempt)),
            wait=lambda state: _pause(state, call),
            stop=lambda state: self._must_stop(state, call),
            retry_error_callback=lambda state: self._last(state, call),
        )
        return await retrying(send)

    async def _send(self, call: _Call) -> Attempt:
        """Send once, and again right away where the endpoint only refuses the way of asking."""
        ladder = self.endpoint.ladder
        while True:
            rung = call.rung or ladder.rung
            call.sent += 1
            attempt = await self._adapter.attempt(call.request, rung)
            call.attempts.append(attempt)
            call.misread += _is_malformed(attempt)
            below = ladder.below(rung)
            if attempt.rung == "refused" and below:
                ladder.give_up(rung)
                call.rung = None if call.rung is None else below
                continue
            if attempt.rung == "doubtful":
                if call.rung is None and below:
                    call.rung = below
            elif isinstance(attempt.answer, Failure):
                pass
            elif call.rung is None:
                ladder.note_use()
            else:
                ladder.note_help(call.rung)
            return attempt

    def _may_retry(self, call: _Call, attempt: Attempt) -> bool:
        return attempt.retry and not (_is_malformed(attempt) and call.misread > 1)

    def _must_stop(self, state: RetryCallState, call: _Call) -> bool:
        return state.attempt_number >= self._attempts or state.upcoming_sleep > self._left(call)

    def _last(self, state: RetryCallState, call: _Call) -> Attempt:
        """Return the last attempt, renamed where it asks for more patience than there is."""
        attempt: Attempt = state.outcome.result()  # type: ignore[union-attr]
        answer, wait = attempt.answer, attempt.wait_s
        if isinstance(answer, Failure) and wait is not None and wait > self._left(call):
            why = f"{answer.why}; asked to wait {wait:g} s, behind the deadline"
            return failed("rate limited", why)
        return attempt

    def _left(self, call: _Call) -> float:
        return call.deadline_s - (self._clock.monotonic() - call.start)

    def _tell_breaker(self, call: _Call) -> None:
        answer, breaker = call.answer, self.endpoint.breaker
        if answer is None:
            # Cancelled, or out of time before anything was sent, says nothing of the endpoint.
            (breaker.fail if call.late and call.sent else breaker.leave)()
        elif isinstance(answer, Failure) and answer.cause in _ENDPOINT_FAILED:
            breaker.fail()
        else:
            breaker.succeed()

    def _charge(self, call: _Call) -> float:
        assumed = self._spend.budget.assumed_usd
        total = (call.sent - len(call.attempts)) * assumed
        for attempt in call.attempts:
            cost = cost_of(attempt.tokens, self.price)
            if cost is not None:
                total += cost
            elif attempt.served:
                total += assumed
        return total

    def _closed(self, call: _Call) -> Answer:
        answer = call.answer or _out_of_time(call)
        served = [attempt for attempt in call.attempts if attempt.served]
        costs = [cost_of(attempt.tokens, self.price) for attempt in served]
        seconds = self._clock.monotonic() - call.start
        usage: Usage = usage_of(call.attempts, costs, call.sent, seconds)
        return answer.model_copy(update={"usage": usage})


def _pause(state: RetryCallState, call: _Call) -> float:
    attempt = call.attempts[-1]
    if attempt.wait_s is not None:
        return attempt.wait_s
    if _is_malformed(attempt):
        return 0.0
    return _BACKOFF(state)


def _is_malformed(attempt: Attempt) -> bool:
    return isinstance(attempt.answer, Failure) and attempt.answer.cause == "malformed"


def _out_of_time(call: _Call) -> Failure:
    why = f"no answer within {call.deadline_s:g} s"
    if not call.sent:
        return Failure(cause="deadline", why=f"{why}; it was still waiting for its turn")
    last = call.attempts[-1].answer if call.attempts else None
    if not isinstance(last, Failure):
        return Failure(cause="deadline", why=why)
    between = call.sent == len(call.attempts)
    limited = between and last.cause == "rate limited"
    return Failure(cause="rate limited" if limited else "deadline", why=f"{why}; last: {last.why}")
