"""Nothing a host, an agent or a tool hands over makes an auditor fail or work without bound."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orchestrator.auditors.registry import build_auditors
from orchestrator.config import Config
from orchestrator.domain.event import VerdictGiven
from orchestrator.domain.verdict import Failed
from tests.guarded.doubles import call, make_run

pytestmark = pytest.mark.anyio

RESULTS: list[Any] = [
    None, "", b"\x00\xff" * 50, float("nan"), {"a": {"b": [None] * 100}}, "\u202e\u200b" * 500,
    "‹secret:KEY:00000000›" * 100, "=" * 10_000, "a" * 50_000_000, "<<<" * 50_000, "{" * 50_000,
    "aGVsbG8=" * 20_000, "you must " * 20_000, "\ud800",
]  # fmt: skip
CALLS: list[Any] = [
    {"id": "x", "tool": "bash", "arguments": '{"command": '},
    {"id": None, "tool": None, "arguments": None},
    {"id": "y", "tool": "t" * 10_000, "arguments": {"k" * 1000: [1, [2, [3]]]}},
    {"id": "z", "tool": "pay", "arguments": {"amount": float("inf"), "to": {"x": None}}},
    call("bash", id="w", command="\x00" * 1000 + "rm -rf /"),
    call("mail", id="v", body="ü" * 200_000, to=["a@b.example"] * 2000),
    "no call at all",
]


async def test_every_result_and_call_is_judged_without_failure() -> None:
    run, log = make_run(auditors=build_auditors(Config()))
    async with run:
        for number, result in enumerate(RESULTS):
            await run.review([call("read_file", id=f"r{number}", path="a")])
            started = time.process_time()
            await run.observe(f"r{number}", result)
            assert time.process_time() - started < 5.0
        for odd in CALLS:
            await run.review([odd], message="I did it. " * 2000, reasoning="\u0000" * 1000)
        await run.review([])
        await run.user_message("\u202e" * 100_000)
        await run.observe("never asked", "for")
    failed = [
        e.fact.verdict
        for e in log.events
        if isinstance(e.fact, VerdictGiven) and isinstance(e.fact.verdict.opinion, Failed)
    ]
    assert not failed
    assert "guard_failed" not in [event.fact.kind for event in log.events]
