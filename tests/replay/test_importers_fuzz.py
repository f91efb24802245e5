"""Damaged recordings: whatever is done to a file, reading it ends soon and raises nothing.

A case is a sample and a seed; the seed decides what is damaged, so that a failure can be repeated.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.replay.importers import FORMATS, read_runs
from orchestrator.replay.importers.importer import UNFORESEEN
from orchestrator.replay.recording import AgentTurn, Recording, Unreadable
from tests.replay.outline import SAMPLES

FILES = sorted(path for path in SAMPLES.iterdir() if path.name != "outlines.txt")
RAW = [path.read_bytes() for path in FILES]
BYTES, SHAPES = 2500, 2500
DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
ODD: list[Any] = [
    None, True, False, 0, -1, 2**70, 1.5, float("nan"), float("-inf"), "", "x", "\ud800", "‮é",
    "{", "[]", "{}", '{"a": 1}', [], [[]], [None], [{}], ["x"], {}, {"a": {}}, {"": None}, DEEP,
    {"type": []}, {"role": {}}, {"id": [], "function": 3}, "user", "assistant", "tool",
]  # fmt: skip

BRIEFLY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(BRIEFLY, max_examples=BYTES)
@given(place=st.integers(0, len(FILES) - 1), seed=st.integers(0, 2**32))
def test_damaged_bytes(tmp_path: Path, place: int, seed: int) -> None:
    random = Random(seed)
    raw = bytearray(RAW[place])
    for _ in range(random.randint(1, 4)):
        random.choice(DAMAGES)(raw, random)
    read(tmp_path / FILES[place].name, bytes(raw), random)


@settings(BRIEFLY, max_examples=SHAPES)
@given(place=st.integers(0, len(FILES) - 1), seed=st.integers(0, 2**32))
def test_changed_shapes(tmp_path: Path, place: int, seed: int) -> None:
    random = Random(seed)
    values = _parse(RAW[place], by_line=FILES[place].suffix == ".jsonl")
    for _ in range(random.randint(1, 3)):
        change(random.choice(values), random)
    raw = "\n".join(map(json.dumps, values))
    read(tmp_path / FILES[place].name, raw.encode(), random)


def read(path: Path, raw: bytes, random: Random) -> None:
    """Read `raw` by its content, or as any format, and check what comes of it."""
    path.write_bytes(raw)
    name = random.choice([None, None, None, *(FORMATS.keys() - {"inspect"})])
    start = time.process_time()
    found = list(read_runs(path, format=name, limit_bytes=random.choice([100, 1000, 10**6])))
    assert time.process_time() - start < 1
    for item in found:
        if isinstance(item, Unreadable):
            assert UNFORESEEN not in item.why
            assert "\n" not in item.why
        else:
            check(item)


def check(run: Recording) -> None:
    """Check that a recording can be stored and that its ids tell its actions apart."""
    run.model_dump_json().encode()
    turns = [step.turn for step in run.steps if isinstance(step, AgentTurn)]
    if run.source.format != "crossaudit":  # an export has its own ids
        ids = [action.id for turn in turns for action in turn.actions]
        assert len(ids) == len(set(ids))


def change(node: Any, random: Random) -> None:
    """Replace, remove, repeat or swap something somewhere inside `node`."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = random.choice(keys)
        if isinstance(node[key], (dict, list)) and node[key] and random.random() < 0.8:
            node = node[key]
            continue
        other = random.choice(keys)
        action = random.randrange(4)
        if action == 0:
            del node[key]
        elif action == 1:
            node[key], node[other] = node[other], node[key]
        else:
            node[key] = copy.deepcopy(random.choice(ODD))
        return


def _parse(raw: bytes, *, by_line: bool) -> list[Any]:
    if not by_line:
        return [json.loads(raw)]
    decode = json.JSONDecoder().raw_decode
    return [decode(line)[0] for line in raw.decode().splitlines() if line]


def _flip(raw: bytearray, random: Random) -> None:
    if raw:
        raw[random.randrange(len(raw))] = random.choice(b'\x00\xff\xc3\n"\\{}[],:0x')


def _cut(raw: bytearray, random: Random) -> None:
    start = random.randint(0, len(raw))
    del raw[start : start + random.choice([1, 3, 30, len(raw)])]


def _swap(raw: bytearray, random: Random) -> None:
    one, two = sorted(random.randint(0, len(raw)) for _ in range(2))
    size = random.randint(1, 40)
    raw[one : one + size], raw[two : two + size] = raw[two : two + size], raw[one : one + size]


def _repeat(raw: bytearray, random: Random) -> None:
    start = random.randint(0, len(raw))
    part = bytes(raw[start : start + random.randint(1, 60)])
    raw[start:start] = part * random.choice([1, 2, 50])


DAMAGES: list[Callable[[bytearray, Random], None]] = [_flip, _cut, _swap, _repeat]


def test_a_damaged_archive_is_unreadable(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="needs the extra crossaudit[inspect]")
    path = tmp_path / "log.eval"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 26 + b"header.json" + b"\0" * 200)
    (found,) = read_runs(path)
    assert isinstance(found, Unreadable)
    assert found.why.startswith("is not an Inspect log that can be read")
