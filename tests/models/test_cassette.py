"""Cassettes and scripts: what is played is read as strictly as what a model says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from orchestrator.errors import ConfigError
from orchestrator.models.cassette import Recorded, Recording, export
from orchestrator.models.client import Answer, Failure, Refusal, Reply, Request
from orchestrator.models.scripted import Scripted, ScriptedClient
from tests.models.calling import DATA, GOOD, request


def scripted(script: Callable[[Request], Scripted], latency_s: float = 0.0) -> ScriptedClient:
    return ScriptedClient("demo", "careful-1", script, latency_s=latency_s)


def write(file: Path, *lines: object) -> Path:
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return file


async def ask(client: Recorded | Recording | ScriptedClient, text: str = "judge this") -> Answer:
    return await client.ask(request(text), 5.0)


async def test_a_script_answers_refuses_fails_and_is_held_to_the_schema() -> None:
    answer = await ask(scripted(lambda _: DATA))
    assert isinstance(answer, Reply)
    assert (answer.data, answer.served_by) == (DATA, "careful-1")
    assert (answer.usage.attempts, answer.usage.cost_usd) == (0, 0.0)
    assert answer.usage.input_tokens is None
    assert isinstance(await ask(scripted(lambda _: Refusal(why="no"))), Refusal)
    failure = Failure(cause="overloaded")
    answer = await ask(scripted(lambda _: failure))
    assert isinstance(answer, Failure)
    assert answer.cause == "overloaded"
    for data in (
        {**DATA, "suspicion": "0.2"},
        {**DATA, "more": 1},
        {},
        {**DATA, "suspicion": float("nan")},
    ):
        answer = await ask(scripted(lambda _, data=data: data))  # type: ignore[misc]
        assert isinstance(answer, Failure)
        assert answer.cause == "malformed", data


async def test_a_script_that_breaks_or_dawdles_is_a_failure() -> None:
    answer = await ask(scripted(lambda asked: {"x": asked.messages[9].content}))
    assert isinstance(answer, Failure)
    assert "IndexError" in answer.why
    answer = await scripted(lambda _: DATA, latency_s=9.0).ask(request(), 0.01)
    assert isinstance(answer, Failure)
    assert answer.cause == "deadline"


async def test_what_was_recorded_is_played(tmp_path: Path) -> None:
    file = tmp_path / "tapes" / "one.jsonl"
    live = Recorded(scripted(lambda _: DATA), file)
    assert isinstance(await ask(live), Reply)
    no = Recording(scripted(lambda _: Refusal(why="no")), file)
    assert isinstance(await ask(no, "other"), Refusal)
    line = json.loads(file.read_text("utf-8").splitlines()[0])
    assert line["hash"] == request().hash
    assert (line["vendor"], line["model"]) == ("demo", "careful-1")
    played = Recorded(None, file, vendor="demo", model="careful-1")
    answer = await ask(played)
    assert isinstance(answer, Reply)
    assert (answer.data, answer.usage.attempts) == (DATA, 0)
    assert isinstance(await ask(played, "other"), Refusal)
    again = Recorded(scripted(lambda _: {**DATA, "suspicion": 0.9}), file)
    answer = await ask(again)
    assert isinstance(answer, Reply)
    assert answer.data == DATA, "the cassette goes first"


async def test_failures_are_not_recorded(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    await ask(Recording(scripted(lambda _: Failure(cause="deadline")), file))
    assert not file.exists()


async def test_what_is_missing_is_kept_and_exported_once(tmp_path: Path) -> None:
    client = Recorded(None, write(tmp_path / "c.jsonl"))
    for text in ("a", "b", "a"):
        answer = await ask(client, text)
        assert isinstance(answer, Failure)
        assert answer.cause == "no recorded reply"
    file = tmp_path / "wanted.jsonl"
    assert export(client.missing, file) == 2
    first = json.loads(file.read_text("utf-8").splitlines()[0])
    assert list(first) == ["hash", "auditor", "look", "round", "schema", "messages"]
    assert first["messages"][1] == {"role": "user", "content": "a"}
    assert first["schema"]["required"] == ["suspicion", "quotes", "sure"]


async def test_lines_of_other_hands_are_held_to_the_schema(tmp_path: Path) -> None:
    hashes = {text: request(text).hash for text in "abcd"}
    file = write(
        tmp_path / "c.jsonl",
        {"hash": hashes["a"], "reply": DATA},
        {"hash": hashes["b"], "text": f"```json\n{GOOD}\n```"},
        {"hash": hashes["c"], "reply": {**DATA, "suspicion": "low"}},
        {"hash": hashes["d"], "text": "I think it is fine"},
    )
    client = Recorded(None, file)
    for text in "ab":
        answer = await ask(client, text)
        assert isinstance(answer, Reply)
        assert answer.data == DATA
    for text in "cd":
        answer = await ask(client, text)
        assert isinstance(answer, Failure)
        assert answer.cause == "malformed"


async def test_another_models_reply_is_not_played(tmp_path: Path) -> None:
    file = write(
        tmp_path / "c.jsonl",
        {"hash": request().hash, "reply": DATA},
        {"hash": request().hash, "model": "x-2", "reply": {**DATA, "suspicion": 0.75}},
    )
    for model, suspicion in (("x-1", 0.25), ("x-2", 0.75), ("", 0.75)):
        answer = await ask(Recorded(None, file, model=model))
        assert isinstance(answer, Reply)
        assert answer.data["suspicion"] == suspicion


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"reply": {}}',
        '{"hash": "x"}',
        '{"hash": "x", "reply": {}, "text": ""}',
        '{"hash": "x", "reply": {}, "mode": "y"}',
        '{"hash": "x", "answer": {"kind": "guess"}}',
        '{"hash": "x", "answer": {"kind": "reply", "data": {}, "suspicion": 1}}',
        "\xff",
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "c.jsonl"
    file.write_bytes(b'{"hash": "y", "text": ""}\n\n' + line.encode("latin-1") + b"\n")
    with pytest.raises(ConfigError, match=r"c\.jsonl:3: broken line"):
        Recorded(None, file)


def test_a_cassette_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such cassette"):
        Recorded(None, tmp_path / "none.jsonl")


async def test_many_recorders_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text('{"hash": "y", "text": "no end of line"}', "utf-8")
    clients = [Recording(scripted(lambda _: DATA), file) for _ in range(4)]

    def record(number: int) -> None:
        anyio.run(ask, clients[number % 4], f"{number} {'x' * 5000}")

    async with anyio.create_task_group() as tasks:
        for number in range(24):
            tasks.start_soon(anyio.to_thread.run_sync, record, number)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]
    assert len({line["hash"] for line in lines}) == 25
    assert not any(client.unwritten for client in clients)


async def test_a_full_disk_loses_the_line_and_not_the_answer(tmp_path: Path) -> None:
    client = Recording(scripted(lambda _: DATA), tmp_path)
    assert isinstance(await ask(client), Reply)
    assert len(client.unwritten) == 1
