"""Breaker, throttle, spend and price: what a call may take."""

from __future__ import annotations

import anyio
import pytest

from orchestrator.clock import ManualClock
from orchestrator.config import Budget, Price
from orchestrator.models.breaker import Breaker
from orchestrator.models.client import Failure, Reply
from orchestrator.models.connect import Endpoints
from orchestrator.models.spend import Exhausted, Spend
from orchestrator.models.throttle import Throttle
from tests.loopback.server import Loopback, fails, late, raw, says
from tests.models.calling import APIS, GOOD, caller, request

BAD = '{"suspicion":2}'
PRICE = {"input": 2.0, "cached": 0.5, "output": 10.0}


def test_the_breaker_opens_rests_tries_and_closes() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, after=2, rest_s=10.0)
    assert breaker.view.state == "closed"
    for _ in range(2):
        assert breaker.admit()
        breaker.fail()
    seen = [breaker.view.state]
    assert not breaker.admit()
    clock.move(10.0)
    assert [*seen, breaker.view.state] == ["open", "half-open"]
    assert breaker.admit()
    assert not breaker.admit(), "one call tries at a time"
    breaker.fail()
    assert breaker.view.rest_s == 10.0
    clock.move(10.0)
    assert breaker.admit()
    breaker.leave()
    assert breaker.admit(), "a call that told nothing leaves its place to the next"
    breaker.succeed()
    view = breaker.view
    assert (view.state, view.failures, view.opened, view.refused) == ("closed", 0, 2, 2)


async def test_an_endpoint_that_fails_is_left_alone_by_all_its_callers(loopback: Loopback) -> None:
    endpoints = Endpoints()
    first = caller(loopback, endpoints=endpoints, breaker_after=2, attempts=1)
    second = caller(loopback, endpoints=endpoints)
    loopback.play(fails(500))
    for _ in range(2):
        await first.ask(request(), 5.0)
    asked = len(loopback.asked)
    answer = await second.ask(request(), 5.0)
    assert isinstance(answer, Failure)
    assert (answer.cause, answer.usage.attempts) == ("breaker open", 0)
    assert len(loopback.asked) == asked
    assert first.endpoint.breaker.view.state == "open"
    for client in (first, second):
        await client.aclose()


async def test_a_model_that_answers_badly_does_not_open_the_breaker(loopback: Loopback) -> None:
    client = caller(loopback, breaker_after=1)
    for step in (says(BAD), says(refusal="no", end="refusal"), fails(400), raw("x")):
        loopback.play(step)
        await client.ask(request(), 5.0)
    assert client.endpoint.breaker.view.state == "closed"
    await client.aclose()


async def test_no_more_calls_at_once_than_allowed() -> None:
    throttle = Throttle(ManualClock(), concurrency=2)
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        async with throttle.turn():
            running += 1
            most = max(most, running)
            await anyio.sleep(0.01)
            running -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(work)
    assert most == 2


async def test_waiting_for_a_turn_counts_against_the_deadline(loopback: Loopback) -> None:
    client = caller(loopback, concurrency=1)
    loopback.play(late(1.0, says(GOOD)))
    answers = []

    async def ask(deadline_s: float) -> None:
        answers.append(await client.ask(request(), deadline_s))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, 5.0)
        await anyio.sleep(0.1)
        tasks.start_soon(ask, 0.2)
    assert isinstance(answers[0], Failure)
    assert (answers[0].cause, answers[0].usage.attempts) == ("deadline", 0)
    assert client.endpoint.breaker.view.failures == 0
    assert isinstance(answers[1], Reply)
    await client.aclose()


async def test_a_rate_spreads_calls(loopback: Loopback) -> None:
    throttle = Throttle(ManualClock(), concurrency=9, per_minute=600.0)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.models.throttle.anyio.sleep", sleep)
        for _ in range(3):
            async with throttle.turn():
                pass
    assert slept == [0.1, 0.2]


@pytest.mark.parametrize("api", APIS)
async def test_cost_is_the_price_of_what_was_counted(loopback: Loopback, api: str) -> None:
    spend = Spend(Budget(), today=1.0)
    client = caller(loopback, api, spend=spend, price=PRICE)
    loopback.play(says(GOOD))
    answer = await client.ask(request(), 5.0)
    assert answer.usage.cost_usd == pytest.approx((400 * 2.0 + 600 * 0.5 + 50 * 10.0) / 1e6)
    assert spend.today == pytest.approx(1.0 + (answer.usage.cost_usd or 0))
    await client.aclose()


async def test_spend_is_kept_by_run_and_day_and_stops_calls(loopback: Loopback) -> None:
    spend = Spend(Budget(per_run=0.02, per_day=1.0, assumed_usd=0.01))
    client = caller(loopback, spend=spend)
    loopback.play(says(GOOD))
    with spend.charging("one"):
        for _ in range(2):
            assert isinstance(await client.ask(request(), 5.0), Reply)
        answer = await client.ask(request(), 5.0)
    assert isinstance(answer, Failure)
    assert answer.cause == "budget exhausted"
    assert spend.exhausted("one") == Exhausted(scope="run", spent=0.02, limit=0.02)
    assert spend.exhausted("two") is None
    with spend.charging("two"):
        assert isinstance(await client.ask(request(), 5.0), Reply)
    assert spend.spent("one") == 0.02
    assert spend.today == pytest.approx(0.03)
    await client.aclose()


async def test_parallel_calls_pass_a_limit_by_one_call_at_most(loopback: Loopback) -> None:
    spend = Spend(Budget(per_day=0.035, assumed_usd=0.01))
    client = caller(loopback, spend=spend)
    loopback.play(late(0.05, says(GOOD)))
    answers: list[object] = []

    async def ask() -> None:
        answers.append(await client.ask(request(), 5.0))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(ask)
    assert sum(isinstance(answer, Reply) for answer in answers) == 4
    assert len(loopback.asked) == 4
    assert spend.today == pytest.approx(0.04)
    await client.aclose()


def test_midnight_ends_the_day_and_nothing_else() -> None:
    clock = ManualClock()
    spend = Spend(Budget(per_day=1.0), clock, today=1.0)
    assert isinstance(spend.reserve(0.1), Exhausted)
    clock.move(24 * 3600)
    assert (spend.today, spend.exhausted()) == (0.0, None)
    hold = spend.reserve(0.1)
    assert not isinstance(hold, Exhausted)
    spend.settle(hold, 0.3)
    assert spend.today == 0.3
    assert spend.spent() == 0.3


def test_nothing_is_asked_without_a_budget() -> None:
    assert isinstance(Spend(Budget(per_run=0.0)).reserve(None), Exhausted)


async def test_a_cancelled_call_gives_its_place_and_its_money_back(loopback: Loopback) -> None:
    spend = Spend(Budget(per_day=0.015, assumed_usd=0.01))
    client = caller(loopback, spend=spend, concurrency=1, breaker_after=1)
    loopback.play(late(5.0, says(GOOD)))
    with anyio.move_on_after(0.2):
        await client.ask(request(), 10.0)
    assert spend.today == 0.01, "the model may have worked on it"
    assert client.endpoint.breaker.view.state == "closed"
    loopback.play(says(GOOD))
    assert isinstance(await client.ask(request(), 5.0), Reply)
    await client.aclose()


def test_price_of_a_million() -> None:
    from orchestrator.models.attempt import Tokens
    from orchestrator.models.prices import ListPrice, cost_of, find_price

    price = ListPrice(input=4.0, cached=1.0, written=5.0, output=20.0, up_to=2_000_000)
    million = 1_000_000
    assert cost_of(Tokens(million, 0, 0, 0), price) == 4.0
    assert cost_of(Tokens(million, million, 0, 0), price) == 1.0
    assert cost_of(Tokens(million, 0, million, million), price) == 25.0
    assert cost_of(Tokens(3 * million, 0, 0, 0), price) is None
    assert cost_of(Tokens(million, None, None, None), price) is None
    assert cost_of(Tokens(million, output=0), Price(input=1.0, output=1.0)) == 1.0
    assert cost_of(Tokens(1, output=1), None) is None
    assert find_price("anthropic", "claude-opus-5-20260724") == find_price(
        "anthropic", "claude-opus-5"
    )
    assert find_price("openai", "nobody-knows") is None
