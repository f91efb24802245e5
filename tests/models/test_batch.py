"""Batches of both providers: sent once, found again, answered into a cassette."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ConfigError, CrossauditError
from orchestrator.models.batch import collect, submit
from orchestrator.models.cassette import Recorded
from orchestrator.models.client import Failure, Refusal, Reply
from tests.loopback.protocols import CHAT, MESSAGES, RESPONSES, Asked, Body, Said, render
from tests.loopback.server import Loopback, Sent, fails, raw
from tests.models.calling import APIS, DATA, GOOD, entry, request

PATHS = {"openai": CHAT, "openai-responses": RESPONSES, "anthropic": MESSAGES}
SAID = {
    "good": Said(GOOD),
    "refused": Said(refusal="no", end="refusal"),
    "bad": Said('{"suspicion":2}'),
}


class Batches:
    """A provider that keeps one batch, and has it ready at the second look."""

    def __init__(self, api: str, url: str) -> None:
        self.api = api
        self.url = url
        self.sent: list[dict[str, Any]] = []
        self.looks = 0

    def __call__(self, asked: Asked) -> Sent:
        if asked.path == "/v1/files":
            lines = [line for line in asked.body["raw"].splitlines() if line.startswith("{")]
            self.sent = [json.loads(line) for line in lines]
            return _json({"id": "file-1", "object": "file"})
        if asked.path.endswith(("/content", "/results")):
            lines = [json.dumps(self._line(one)) for one in self.sent[:3]]
            return Sent(Body(("\n".join(lines).encode(),), "application/binary"))
        if asked.path in ("/v1/batches", "/v1/messages/batches"):
            self.sent = asked.body.get("requests") or self.sent
        else:
            self.looks += 1
        return _json(self._batch())

    def _batch(self) -> dict[str, Any]:
        ready = self.looks > 1
        if self.api == "anthropic":
            url = f"{self.url}/v1/messages/batches/b-1/results"
            return {"id": "b-1", "processing_status": "ended" if ready else "in_progress"} | (
                {"results_url": url} if ready else {}
            )
        status = "completed" if ready else "in_progress"
        return {"id": "b-1", "status": status, "output_file_id": "file-2" if ready else None}

    def _line(self, one: dict[str, Any]) -> dict[str, Any]:
        body = one.get("params") or one["body"]
        word = json.dumps(body.get("messages") or body.get("input"))
        said = next(said for name, said in SAID.items() if f"say {name}" in word)
        answer = json.loads(render(Asked(PATHS[self.api], body=body), said).whole)
        if self.api == "anthropic":
            return {
                "custom_id": one["custom_id"],
                "result": {"type": "succeeded", "message": answer},
            }
        return {"custom_id": one["custom_id"], "response": {"status_code": 200, "body": answer}}


def _json(data: dict[str, Any]) -> Sent:
    return Sent(Body((json.dumps(data).encode(),)))


@pytest.mark.filterwarnings("ignore:Async generator 'httpcore2:ResourceWarning")
@pytest.mark.parametrize("api", APIS)
async def test_a_batch_is_sent_once_and_ends_in_a_cassette(
    loopback: Loopback, api: str, tmp_path: Path
) -> None:
    provider = Batches(api, loopback.url)
    loopback.play(provider)
    asked = [request(f"say {name}") for name in SAID] + [request("say nothing")]
    state, cassette = tmp_path / "state.json", tmp_path / "c.jsonl"
    one = entry(api, loopback.url)
    made = await submit(one, [*asked, asked[0]], state)
    assert made.id == "b-1"
    assert len(provider.sent) == 4, "each hash once"
    requests_so_far = len(loopback.asked)
    assert await submit(one, asked, state) == made
    assert len(loopback.asked) == requests_so_far
    first = await collect(one, asked, state, cassette)
    assert (first.ended, first.status) == (False, "in_progress")
    second = await collect(one, asked, state, cassette)
    assert second.ended
    assert second.recorded == 2
    assert second.failures == {"malformed": 1, "no recorded reply": 1}
    assert (await collect(one, asked, state, cassette)).recorded == 0
    played = Recorded(None, cassette, model="m-1")
    answers = [await played.ask(a, 1.0) for a in asked]
    assert isinstance(answers[0], Reply)
    assert answers[0].data == DATA
    assert isinstance(answers[1], Refusal)
    assert isinstance(answers[2], Failure)
    line = json.loads(cassette.read_text("utf-8").splitlines()[0])
    assert line["answer"]["usage"]["input_tokens"] == 1000
    assert line["answer"]["usage"]["cost_usd"] is None


async def test_what_goes_wrong_is_one_sentence(loopback: Loopback, tmp_path: Path) -> None:
    one = entry("openai", loopback.url)
    loopback.play(fails(401, "bad key"))
    with pytest.raises(CrossauditError, match="401"):
        await submit(one, [request()], tmp_path / "s")
    loopback.play(raw('{"odd": 1}'))
    with pytest.raises(CrossauditError, match="without the id"):
        await submit(one, [request()], tmp_path / "s")
    assert not (tmp_path / "s").exists()
    with pytest.raises(ConfigError, match="no batch was submitted"):
        await collect(one, [request()], tmp_path / "s", tmp_path / "c")
    (tmp_path / "s").write_text("{", "utf-8")
    with pytest.raises(ConfigError, match="no state of a batch"):
        await submit(one, [request()], tmp_path / "s")
