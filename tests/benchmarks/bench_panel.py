"""What a panel costs over the calls it makes: time, processor, throughput.

python -m tests.benchmarks.bench_panel [--turns 20]

Real HTTP through the real openai SDK to a loopback server in its own process, pinned to another
core where there is one. Every figure stands beside the same calls made bare in the same run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import anyio
from openai import AsyncOpenAI

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.reply import VerdictReply
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.clock import SystemClock
from orchestrator.config import Config
from orchestrator.domain.event import VerdictGiven
from orchestrator.guard import Guard
from orchestrator.ledger.ledger import Ledger
from orchestrator.models.client import Request
from orchestrator.models.scripted import Scripted, ScriptedClient
from orchestrator.panel.members import build_members
from tests.loopback.protocols import Asked, Said, render
from tests.loopback.server import Loopback, Sent

CLOCK = SystemClock()
LATENCY_S = 0.1
AUDITORS = 5
SCHEMA: dict[str, object] = VerdictReply.model_json_schema()
RUBRIC = "reasoning-aware"
"""Its auditors look twice: blind, and at the agent's words."""


def main() -> None:
    """Print wall time, processor time and throughput, each beside the bare calls."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--runs", type=int, default=200)
    given = parser.parse_args()
    with serving_apart(LATENCY_S) as url, tempfile.TemporaryDirectory() as name:
        for calling in ("all", "sequential"):
            print(anyio.run(compare_turns, url, Path(name), calling, given.turns))
    print(anyio.run(measure_engine, given.turns * 5))
    with serving_apart(0.0) as url, tempfile.TemporaryDirectory() as name:
        print(anyio.run(compare_throughput, url, Path(name), given.runs))


async def compare_turns(url: str, folder: Path, calling: str, turns: int) -> str:
    """Return what turns take beside the same calls, bare, at once or wave after wave."""
    config = configure(url, calling)
    members = build_members(config, CLOCK)
    walls: list[float] = []
    busy: list[float] = []
    bare_walls: list[float] = []
    bare_busy: list[float] = []
    waves: list[int] = []
    client = bare_client(url)
    ledger = Ledger.open(folder / f"{calling}.db")
    async with Guard(config, ledger, auditors=(), models=members).run("bench", task="work") as run:
        for turn in range(turns + 2):  # two to warm up
            started, cpu = CLOCK.monotonic(), process_time()
            await run.review([_call(turn)], message="Now I write the file.")
            walls.append(CLOCK.monotonic() - started)
            busy.append(process_time() - cpu)
            kinds = [e.kind for e in ledger.reader.stored(run.id)]
            since = kinds[len(kinds) - kinds[::-1].index("panel_convened") :]
            waves.append(since.count("auditors_called"))
            sizes = [AUDITORS * 2] if calling == "all" else [4, *[2] * (waves[-1] - 1)]
            started, cpu = CLOCK.monotonic(), process_time()
            for size in sizes:
                await ask_bare(client, size)
            bare_walls.append(CLOCK.monotonic() - started)
            bare_busy.append(process_time() - cpu)
    await ledger.aclose()
    await client.close()
    wall, bare = median(walls[2:]), median(bare_walls[2:])
    cpu, bare_cpu = median(busy[2:]), median(bare_busy[2:])
    engine = [mine - theirs for mine, theirs in zip(busy[2:], bare_busy[2:], strict=True)]
    return (
        f"calling={calling}, {AUDITORS} auditors at {LATENCY_S * 1000:.0f} ms, two looks, "
        f"{turns} turns, {median(waves[2:]):.0f} waves a turn:\n"
        f"  wall {wall * 1000:.1f} ms, bare {bare * 1000:.1f} ms, ratio {wall / bare:.3f}\n"
        f"  processor {cpu * 1000:.1f} ms a turn, bare SDK {bare_cpu * 1000:.1f} ms, "
        f"over it {median(engine) * 1000:.1f} ms"
    )


async def measure_engine(turns: int) -> str:
    """Return the processor time of a turn whose auditors answer at once, without any HTTP."""

    def play(request: Request) -> Scripted:
        return json.loads(_answer(request.messages[-1].content))  # type: ignore[no-any-return]

    rubric = load_rubric(RUBRIC)
    members = [
        ModelAuditor(f"auditor-{n}", rubric, ScriptedClient(f"vendor-{n}", f"model-{n}", play))
        for n in range(AUDITORS)
    ]
    config = configure("http://127.0.0.1", "all")
    busy: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        guard = Guard(config, Path(name) / "l.db", auditors=(), models=members)
        async with guard.run("bench", task="work") as run:
            for turn in range(turns + 2):
                cpu = process_time()
                await run.review([_call(turn)], message="Now I write the file.")
                busy.append(process_time() - cpu)
    return (
        f"engine alone, {AUDITORS} auditors, two looks, scripted, rules and ledger included: "
        f"{median(busy[2:]) * 1000:.1f} ms of processor a turn over {turns} turns"
    )


async def compare_throughput(url: str, folder: Path, runs: int) -> str:
    """Return calls a second of many guarded runs at once beside the bare SDK's, none crossed."""
    config = configure(url, "all", auditors=2, concurrency=2 * runs)
    ledger = Ledger.open(folder / "many.db")
    guard = Guard(config, ledger, auditors=(), models=build_members(config, CLOCK))
    kept: dict[str, int] = {}

    async def work(number: int) -> None:
        async with guard.run(f"agent-{number}", task="work") as run:
            review = await run.review([_call(number)], message="Now I write the file.")
            if review.decisions[0].call_id != f"c{number}":
                raise AssertionError(f"run {number} got {review.decisions[0]}")
            kept[run.id] = number

    before = await _measure_bare(url, 4 * runs)
    started, cpu = CLOCK.monotonic(), process_time()
    async with anyio.create_task_group() as tasks:
        for number in range(runs):
            tasks.start_soon(work, number)
    seconds, ours = CLOCK.monotonic() - started, process_time() - cpu
    for run in kept:
        facts = [event.fact for event in ledger.reader.events(run)]
        scored = [
            fact.verdict.opinion.kind for fact in facts if isinstance(fact, VerdictGiven)
        ].count("scored")
        if scored != 4:
            raise AssertionError(f"run {run} has {scored} of 4 votes")
    await ledger.aclose()
    after = await _measure_bare(url, 4 * runs)
    bare, theirs = ((one + other) / 2 for one, other in zip(before, after, strict=True))
    calls = 4 * runs
    return (
        f"{len(kept)} guarded runs at once, {calls} calls, nothing lost or crossed:\n"
        f"  {calls / seconds:,.0f} calls/s, bare SDK {calls / bare:,.0f}, "
        f"ratio {bare / seconds:.2f}; processor {ours / calls * 1000:.2f} ms a call, "
        f"bare {theirs / calls * 1000:.2f} ms, ratio {theirs / ours:.2f}"
    )


async def _measure_bare(url: str, calls: int) -> tuple[float, float]:
    """Return seconds on the wall and of the processor that bare calls take."""
    client = bare_client(url)
    began, cpu = CLOCK.monotonic(), process_time()
    await ask_bare(client, calls)
    spent = CLOCK.monotonic() - began, process_time() - cpu
    await client.close()
    return spent


def configure(url: str, calling: str, auditors: int = AUDITORS, concurrency: int = 64) -> Config:
    """Return a configuration whose auditors are behind `url` and judge every turn."""
    entries: Sequence[dict[str, Any]] = [
        {
            "name": f"auditor-{number}",
            "model": f"openai:model-{number}",
            "vendor": f"vendor-{number}",
            "base_url": f"{url}/v1",
            "rubric": RUBRIC,
            "settings": {"endpoint": {"concurrency": concurrency}},
        }
        for number in range(auditors)
    ]
    return Config.model_validate({
        "auditors": entries,
        "gate": {"enforce": False, "deadline_s": 60.0},
        "panel": {"triage": "all", "calling": calling, "call_deadline_s": 60.0},
        # Side calls come at random, and the bare SDK makes none beside them.
        "audits": {"canary_rate": 0.0, "cross_rate": 0.0, "arbiter_rate": 0.0, "swap_rate": 0.0},
    })  # fmt: skip


def bare_client(url: str) -> AsyncOpenAI:
    """Return the SDK as the adapters make it."""
    return AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60.0)


async def ask_bare(client: AsyncOpenAI, calls: int) -> None:
    """Make calls of the usual size at once, with the SDK alone."""
    body = "Judge call A1 now.\nBEGIN 0123456789abcdef\n" + json.dumps(
        {"calls": [{"call": "A1", "text": "x" * 1500}]}, indent=1
    )

    async def ask() -> None:
        answer = await client.chat.completions.create(
            model="model-0",
            messages=[{"role": "system", "content": "x" * 3000}, {"role": "user", "content": body}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "VerdictReply", "schema": SCHEMA, "strict": True},
            },
        )
        if not answer.choices[0].message.content:
            raise AssertionError("no answer")

    async with anyio.create_task_group() as tasks:
        for _ in range(calls):
            tasks.start_soon(ask)


@contextmanager
def serving_apart(latency_s: float) -> Iterator[str]:
    """Run the server in its own process, on the last core, and this one on the first."""
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(theirs, cores[-1], latency_s), daemon=True
    )
    process.start()
    os.sched_setaffinity(0, {cores[0]})
    try:
        yield ours.recv()
    finally:
        os.sched_setaffinity(0, set(cores))
        ours.send("stop")
        process.join(10)


def serve(pipe: Connection, core: int, latency_s: float) -> None:
    """Answer every call as an auditor that doubts a little and passes the control question."""
    os.sched_setaffinity(0, {core})
    server = Loopback()
    server.start()
    server.play(lambda asked: Sent(render(asked, Said(_judge(asked))), delay_s=latency_s))
    pipe.send(server.url)
    pipe.recv()
    server.stop()


def _judge(asked: Asked) -> str:
    return _answer(asked.body["messages"][-1]["content"])


def _answer(text: str) -> str:
    nonce = text.split("\nBEGIN ", 1)[1][:16]
    claims: list[dict[str, str]] = []
    action = {"action": "A1", "suspicion": 50, "claims": claims}
    return json.dumps({"control": f"{nonce[-4:]}-1", "actions": [action]})


def _call(number: int) -> dict[str, Any]:
    arguments = {"path": f"notes/{number}.txt", "content": "As agreed. " * 40}
    return {"id": f"c{number}", "tool": "write_file", "arguments": arguments}


if __name__ == "__main__":
    main()
