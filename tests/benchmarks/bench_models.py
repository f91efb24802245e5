"""What asking a model costs beside the bare SDK, and how closely a deadline is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import anyio
import openai

from orchestrator.models.client import Failure, Reply
from tests.loopback.server import late, says, serving
from tests.models.calling import GOOD, Opinion, caller, request

CALLS, ROUNDS, AT_ONCE, DEADLINES = 100, 3, 200, 25


def main() -> None:
    """Print one line a figure."""
    with _server() as url:
        anyio.run(_cpu, url)
        anyio.run(_throughput, url)
    for backend in ("asyncio", "trio"):
        anyio.run(_deadlines, backend, backend=backend)


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.loopback.server", GOOD]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def _ways(url: str) -> tuple[dict[str, Callable[[], Coroutine[Any, Any, None]]], Any, Any]:
    """Return the same call three ways: our client, the SDK's `parse`, and its plain `create`."""
    ours = caller(url, concurrency=AT_ONCE)
    sdk = openai.AsyncOpenAI(api_key="x", base_url=f"{url}/v1", max_retries=0)
    asked = request("x" * 4000)
    messages: Any = [{"role": m.role, "content": m.content} for m in asked.messages]

    async def by_us() -> None:
        assert isinstance(await ours.ask(asked, 60.0), Reply)

    async def by_parse() -> None:
        done = await sdk.chat.completions.parse(
            model="m-1", messages=messages, response_format=Opinion, max_tokens=2048
        )
        assert done.choices[0].message.parsed

    form: Any = {"type": "json_schema", "json_schema": {"name": "Opinion", "schema": asked.schema}}

    async def by_create() -> None:
        done = await sdk.chat.completions.create(
            model="m-1", messages=messages, response_format=form, max_tokens=2048
        )
        Opinion.model_validate(json.loads(done.choices[0].message.content or ""))

    return {"ours": by_us, "parse": by_parse, "create": by_create}, ours, sdk


async def _cpu(url: str) -> None:
    ways, ours, sdk = _ways(url)
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            await call()
            start = time.process_time()
            for _ in range(CALLS):
                await call()
            spent[name].append((time.process_time() - start) / CALLS * 1e3)
    cpu = {name: median(times) for name, times in spent.items()}
    over = cpu["ours"] - cpu["create"]
    print(
        f"CPU of a call, one after another: ours {cpu['ours']:.2f} ms, SDK parse "
        f"{cpu['parse']:.2f} ms, SDK create {cpu['create']:.2f} ms; ours over create {over:+.2f} ms"
    )
    await ours.aclose()
    await sdk.close()


async def _throughput(url: str) -> None:
    ways, ours, sdk = _ways(url)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            start = time.perf_counter()
            async with anyio.create_task_group() as tasks:
                for _ in range(AT_ONCE):
                    tasks.start_soon(call)
            rates[name].append(AT_ONCE / (time.perf_counter() - start))
    rate = {name: median(found) for name, found in rates.items()}
    print(
        f"{AT_ONCE} calls at once: ours {rate['ours']:.0f}/s, SDK parse {rate['parse']:.0f}/s "
        f"({rate['ours'] / rate['parse']:.0%}), SDK create {rate['create']:.0f}/s "
        f"({rate['ours'] / rate['create']:.0%})"
    )
    await ours.aclose()
    await sdk.close()


async def _deadlines(backend: str) -> None:
    late_by = []
    with serving() as server:
        client = caller(server)
        server.play(late(0.05, says(GOOD)))
        await client.ask(request(), 5.0)
        server.play(late(5.0, says(GOOD)))
        for _ in range(DEADLINES):
            start = time.perf_counter()
            answer = await client.ask(request(), 0.2)
            late_by.append((time.perf_counter() - start - 0.2) * 1e3)
            assert isinstance(answer, Failure)
            assert answer.cause == "deadline"
        await client.aclose()
    late_by.sort()
    print(
        f"past a deadline of 200 ms ({backend}): p50 {median(late_by):.1f} ms, "
        f"max {late_by[-1]:.1f} ms of {DEADLINES}"
    )


if __name__ == "__main__":
    main()
