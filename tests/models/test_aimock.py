"""The same outcomes against a server of others, with its own idea of the protocols and of chaos."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.models.client import Failure, Reply
from tests.loopback.aimock import NotToBeHad, running
from tests.models.calling import APIS, DATA, GOOD, caller, request

DEADLINE_S = 1.0
SLACK_S = 0.5


def fixture(word: str, response: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": {"userMessage": f"fixture {word}."}, "response": response, **more}


GOOD_REPLY = {"content": GOOD}
FIXTURES = [
    fixture("good", GOOD_REPLY),
    fixture("drop", GOOD_REPLY, chaos={"dropRate": 1}),
    fixture("malformed", GOOD_REPLY, chaos={"malformedRate": 1}),
    fixture("disconnect", GOOD_REPLY, chaos={"disconnectRate": 1}),
    fixture("ratelimit", GOOD_REPLY, chaos={"rateLimitRate": 1}),
    fixture("latency", GOOD_REPLY, chaos={"latencyMs": 3000}),
    fixture("429", {"error": {"message": "slow", "type": "rate_limit_error"}, "status": 429}),
    fixture("529", {"error": {"message": "busy", "type": "overloaded_error"}, "status": 529}),
    fixture("401", {"error": {"message": "who", "type": "authentication_error"}, "status": 401}),
    fixture("length", {"content": GOOD, "finishReason": "length"}),
    fixture("text", {"content": "Looks fine to me."}),
    fixture("odd", {"content": '{"suspicion":"0.1","quotes":[],"sure":true}'}),
    fixture("cut", GOOD_REPLY, truncateAfterChunks=1, chunkSize=5),
]
CAUSES = {
    "drop": "server error",
    "malformed": "malformed",
    "disconnect": "connection",
    "ratelimit": "rate limited",
    "latency": "deadline",
    "429": "rate limited",
    "529": "overloaded",
    "401": "rejected",
    "length": "truncated",
    "text": "malformed",
    "odd": "malformed",
}


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run aimock beside the tests, or skip them."""
    try:
        with running(FIXTURES, tmp_path_factory.mktemp("aimock")) as url:
            yield url
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("api", APIS)
async def test_a_server_of_others_gives_the_same_outcomes(
    aimock: str, api: str, stream: bool
) -> None:
    client = caller(aimock, api, stream=stream, attempts=1)
    answer = await client.ask(request("fixture good."), 10.0)
    assert isinstance(answer, Reply), answer
    assert answer.data == DATA
    for word, cause in CAUSES.items():
        start = time.perf_counter()
        answer = await client.ask(request(f"fixture {word}."), DEADLINE_S)
        assert time.perf_counter() - start < DEADLINE_S + SLACK_S, word
        assert isinstance(answer, Failure), (word, answer)
        assert answer.cause == cause, (word, answer)
    if stream:
        answer = await client.ask(request("fixture cut."), 5.0)
        assert isinstance(answer, Failure)
        assert answer.cause == "connection", answer
    await client.aclose()
