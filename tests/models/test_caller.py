"""Retries, deadlines and the ladder of one call."""

from __future__ import annotations

import anyio
import pytest

from orchestrator.models.client import Failure, Refusal, Reply
from orchestrator.models.ladder import Ladder
from tests.loopback.server import Loopback, fails, late, refuses, says
from tests.models.calling import APIS, DATA, GOOD, caller, request

BAD = '{"suspicion":2}'
PRICE = {"input": 2.0, "cached": 0.5, "output": 10.0}


@pytest.mark.parametrize("api", APIS)
async def test_what_may_pass_is_tried_again(loopback: Loopback, api: str) -> None:
    client = caller(loopback, api)
    soon = {"retry-after": "0.01"}
    loopback.play(fails(429, headers=soon), fails(529, headers={"retry-after-ms": "5"}), says(GOOD))
    answer = await client.ask(request(), 10.0)
    assert isinstance(answer, Reply)
    assert answer.usage.attempts == 3
    assert answer.usage.input_tokens == 1000, "what was refused by status had no tokens"
    await client.aclose()


async def test_what_cannot_pass_is_not_tried_again(loopback: Loopback) -> None:
    client = caller(loopback)
    refusal = says(refusal="no", end="refusal")
    for step in (
        fails(401),
        fails(400),
        refusal,
        says(GOOD, end="limit"),
        says(GOOD, end="filter"),
    ):
        loopback.play(step)
        answer = await client.ask(request(), 10.0)
        assert isinstance(answer, (Failure, Refusal))
        assert len(loopback.asked) == 1
    await client.aclose()


async def test_an_endpoint_says_that_a_retry_is_useless(loopback: Loopback) -> None:
    client = caller(loopback)
    loopback.play(fails(500, headers={"x-should-retry": "false"}))
    await client.ask(request(), 10.0)
    assert len(loopback.asked) == 1
    await client.aclose()


async def test_a_wait_behind_the_deadline_fails_at_once(loopback: Loopback) -> None:
    client = caller(loopback)
    loopback.play(fails(429, headers={"retry-after": "61"}))
    with anyio.fail_after(20.0):
        answer = await client.ask(request(), 30.0)
    assert isinstance(answer, Failure)
    assert (answer.cause, answer.usage.attempts) == ("rate limited", 1)
    assert "61 s" in answer.why
    await client.aclose()


async def test_rate_limited_until_the_deadline(loopback: Loopback) -> None:
    client = caller(loopback, attempts=1000)
    loopback.play(fails(429, headers={"retry-after": "0.05"}))
    answer = await client.ask(request(), 0.4)
    assert isinstance(answer, Failure)
    assert answer.cause == "rate limited"
    assert answer.usage.attempts > 1
    await client.aclose()


async def test_a_cut_request_leaves_the_sum_unknown(loopback: Loopback) -> None:
    client = caller(loopback, price=PRICE)
    loopback.play(says(BAD), late(5.0, says(GOOD)))
    answer = await client.ask(request(), 0.5)
    assert isinstance(answer, Failure)
    assert answer.cause == "deadline"
    assert answer.usage.attempts == 2
    assert answer.usage.input_tokens is answer.usage.cost_usd is None
    await client.aclose()


async def test_a_malformed_reply_is_asked_for_once_more_one_rung_lower(loopback: Loopback) -> None:
    client = caller(loopback)
    loopback.play(says(BAD), says(GOOD))
    answer = await client.ask(request(), 10.0)
    assert isinstance(answer, Reply)
    assert [asked.rung for asked in loopback.asked] == ["schema", "json"]
    assert answer.usage.input_tokens == 2000, "both were served"
    loopback.play(says(BAD))
    answer = await client.ask(request(), 10.0)
    assert isinstance(answer, Failure)
    assert [asked.rung for asked in loopback.asked] == ["schema", "json"]
    await client.aclose()


@pytest.mark.parametrize("status", [400, 404, 422, 500])
@pytest.mark.parametrize(
    ("api", "rungs"),
    [
        ("openai", ["schema", "json", "tool", "text"]),
        ("openai-responses", ["schema", "json", "tool", "text"]),
        ("anthropic", ["schema", "tool", "text"]),
    ],
)
async def test_a_refused_rung_is_left_for_good(
    loopback: Loopback, api: str, rungs: list[str], status: int
) -> None:
    client = caller(loopback, api, attempts=1)
    words = {
        "schema": "unknown field response_format / text.format / output_config",
        "json": "json_object is not supported in response_format or text.format",
        "tool": "tools need a flag of the server",
    }
    for lowest in range(1, len(rungs)):
        refused = {rung: words[rung] for rung in rungs[:lowest]}
        loopback.play(refuses(refused, says(GOOD), status))
        answer = await client.ask(request(), 10.0)
        assert isinstance(answer, Reply), answer
        assert answer.data == DATA
        assert loopback.asked[-1].rung == rungs[lowest]
        await client.ask(request(), 10.0)
        assert loopback.asked[-2].rung == rungs[lowest], "remembered"
    await client.aclose()


async def test_a_server_that_breaks_on_schemas_is_understood_after_two_calls(
    loopback: Loopback,
) -> None:
    client = caller(loopback)
    loopback.play(refuses({"schema": "internal error"}, says(GOOD), 500))
    for _ in range(3):
        assert isinstance(await client.ask(request(), 10.0), Reply)
    assert [a.rung for a in loopback.asked] == ["schema", "json", "schema", "json", "json"]
    await client.aclose()


def test_the_ladder_forgets_doubts_when_the_rung_works() -> None:
    ladder = Ladder(("schema", "tool", "text"))
    ladder.note_help("tool")
    ladder.note_use()
    ladder.note_help("tool")
    rungs = [ladder.rung]
    ladder.note_help("tool")
    assert [*rungs, ladder.rung] == ["schema", "tool"]
    assert ladder.below("text") is None


async def test_the_prompt_carries_what_caches_and_lower_rungs_need(loopback: Loopback) -> None:
    client = caller(loopback, "anthropic")
    loopback.play(refuses({"schema": "no output_config", "tool": "no tools"}, says(GOOD)))
    await client.ask(request(), 10.0)
    by_schema, by_tool, by_text = [asked.body for asked in loopback.asked]
    block = by_schema["system"][0]
    assert block["cache_control"] == {"type": "ephemeral"}
    assert block["text"] == "You are an auditor."
    assert by_schema["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert by_tool["tools"][0]["input_schema"]["required"] == ["suspicion", "quotes", "sure"]
    assert '"suspicion"' in by_text["system"][0]["text"]
    assert "prompt_cache_key" not in by_schema
    await client.aclose()


async def test_many_at_once_get_their_own_answers(loopback: Loopback) -> None:
    client = caller(loopback)
    loopback.play(lambda asked: says(_echo(asked.body["messages"][-1]["content"]))(asked))
    answers: dict[int, object] = {}

    async def ask(number: int) -> None:
        answers[number] = await client.ask(request(str(number)), 30.0)

    async with anyio.create_task_group() as tasks:
        for number in range(60):
            tasks.start_soon(ask, number)
    for number, answer in answers.items():
        assert isinstance(answer, Reply)
        assert answer.data["quotes"] == [str(number)]
    await client.aclose()


def _echo(text: str) -> str:
    return f'{{"suspicion":0.5,"quotes":["{text}"],"sure":true}}'


@pytest.mark.parametrize("api", APIS)
async def test_a_client_that_was_closed_works_again(loopback: Loopback, api: str) -> None:
    client = caller(loopback, api=api)
    loopback.play(says(GOOD))
    for _ in range(2):
        assert isinstance(await client.ask(request(), 5.0), Reply)
        await client.aclose()
