"""Recorded runs of others are read in full: every count here is also taken a second, cruder way."""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.replay.importers import find_runs
from orchestrator.replay.recording import AgentTurn, Recording, ToolResult, Unreadable

pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def recorded(shared: Path) -> Path:
    return shared / "data" / "runs"


def _read(folder: Path) -> list[Recording]:
    found = list(find_runs([folder]))
    assert not [item for item in found if isinstance(item, Unreadable) and item.known_format]
    return [item for item in found if isinstance(item, Recording)]


def _turns(run: Recording) -> list[AgentTurn]:
    return [step for step in run.steps if isinstance(step, AgentTurn)]


def _count(runs: list[Recording]) -> tuple[int, int, int]:
    """Return runs, turns and calls."""
    turns = [turn for run in runs for turn in _turns(run)]
    return len(runs), len(turns), sum(len(turn.turn.actions) for turn in turns)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    yield from (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())


def test_agentdojo(recorded: Path) -> None:
    runs = _read(recorded / "agentdojo")
    records = [r for f in (recorded / "agentdojo").glob("*.jsonl") for r in _objects(f)]
    messages = [m for r in records for m in r.get("messages", ()) if m["role"] == "assistant"]
    calls = sum(len(message["tool_calls"] or ()) for message in messages)
    assert _count(runs) == (784, 2319, 1676)
    assert _count(runs) == (sum("messages" in r for r in records), len(messages), calls)


def test_agentdojo_labels_point_at_turns_with_calls(recorded: Path) -> None:
    runs = {(run.source.file, run.source.record): run for run in _read(recorded / "agentdojo")}
    with (recorded / "agentdojo/labels.csv").open(encoding="utf-8", newline="") as file:
        marked = [row for row in csv.DictReader(file) if row["first_attempt_message"]]
    assert len(marked) > 50
    for row in marked:
        run = runs[row["file"], int(row["line"])]
        at = {turn.message: turn.turn for turn in _turns(run)}
        assert at[int(row["first_attempt_message"])].actions


def test_tau_bench(recorded: Path) -> None:
    runs = _read(recorded / "tau-bench")
    text = (recorded / "tau-bench/gpt-4o-airline.json").read_text("utf-8")
    assert _count(runs) == (100, 1381, 621)
    assert text.count('"tool_call_id":') == 621
    assert not any(
        record["info"]["task"]["instruction"] in run.model_dump_json()
        for record, run in zip(json.loads(text), runs, strict=True)
    )


def test_claude_code_and_gemini_cli(recorded: Path) -> None:
    runs = _read(recorded / "claude-code")
    by_format = Counter(run.source.format for run in runs)
    claude = [run for run in runs if run.source.format == "claude-code"]
    lines = [
        line
        for path in (recorded / "claude-code").glob("*/full.jsonl")
        for line in path.read_text("utf-8").splitlines()
        if '"type":"progress"' not in line
    ]
    assert by_format == {"claude-code": 7, "gemini-cli": 1}
    assert _count(claude) == (7, 206, 221)
    assert sum(line.count('"type":"tool_use"') for line in lines) == 221
    assert _count(runs) == (8, 210, 223)  # the Gemini session adds two
    assert sum(line.count('"functionResponse"') for line in lines) == 2


def test_pi(recorded: Path) -> None:
    text = (recorded / "pi-session/large-session.jsonl").read_text("utf-8")
    assert _count(_read(recorded / "pi-session")) == (1, 453, 391)
    assert (text.count('"role":"assistant"'), text.count('"type":"toolCall"')) == (453, 391)


def test_inspect(recorded: Path) -> None:
    pytest.importorskip("inspect_ai", reason="needs the extra crossaudit[inspect]")
    runs = _read(recorded / "inspect")
    with zipfile.ZipFile(next((recorded / "inspect").glob("*.eval"))) as log:
        samples = [name for name in log.namelist() if name.startswith("samples/")]
    assert _count(runs) == (15, 147, 121)
    assert len(samples) == 15
    results = [s for run in runs for s in run.steps if isinstance(s, ToolResult)]
    assert len(results) == 120
    assert all(step.observation.action for step in results)


def test_open_agent_safety(recorded: Path) -> None:
    folder = recorded / "openagentsafety"
    events = [
        e for path in folder.glob("*/traj*.json") for e in json.loads(path.read_text("utf-8"))
    ]
    acted = [e for e in events if e["source"] == "agent" and "action" in e]
    called = [
        e["tool_call_metadata"]["model_response"]["id"] for e in acted if e["action"] != "message"
    ]
    assert _count(_read(folder)) == (56, 344, 322)
    assert len(called) == 322
    assert len(set(called)) + len(acted) - len(called) == 344


def test_openhands_output(recorded: Path) -> None:
    (record,) = _objects(recorded / "openhands-output/output.jsonl")
    called = [e for e in record["history"] if e.get("action") and "tool_call_metadata" in e]
    assert _count(_read(recorded / "openhands-output")) == (1, 23, 23)
    assert len(called) == 23


def test_swe_agent(recorded: Path) -> None:
    files = [json.loads(p.read_text("utf-8")) for p in (recorded / "swe-agent").glob("*.traj")]
    steps = sum(len(f["trajectory"]) for f in files if "trajectory" in f)
    calls = sum(
        len(m.get("tool_calls") or ()) for f in files if "trajectory" not in f for m in f["history"]
    )
    assert _count(_read(recorded / "swe-agent")) == (5, 47, 47)
    assert steps + calls == 47


def test_atif(recorded: Path) -> None:
    text = "".join(p.read_text("utf-8") for p in (recorded / "atif").glob("*.json"))
    answers = [line for line in text.splitlines() if '"message": "{' in line]
    assert _count(_read(recorded / "atif")) == (3, 10, 7)
    assert text.count('"source": "agent"') == 10
    assert text.count('"tool_call_id"') == 2
    assert sum(line.count("keystrokes") for line in answers) == 5


@pytest.mark.parametrize(
    ("folder", "counts"),
    [("r-judge", (282, 730, 514)), ("assebench-security", (271, 877, 510))],
)
def test_judged_records(recorded: Path, folder: str, counts: tuple[int, int, int]) -> None:
    (path,) = (recorded / folder).glob("*.json")
    records = json.loads(path.read_text("utf-8"))
    steps = [s for r in records for part in r["contents"] for s in part if s["role"] == "agent"]
    shaped = [s for s in steps if (s["action"] or "").rstrip().endswith(("}", "()", "')", "```"))]
    runs = _read(recorded / folder)
    assert _count(runs) == counts
    assert (len(records), len(steps)) == counts[:2]
    assert abs(len(shaped) - counts[2]) <= 15  # a few are cut off or hold several calls
    for record, run in zip(records, runs, strict=True):
        told = run.model_dump_json()
        assert not run.has_calls
        assert record["risk_description"] not in told
        assert record.get("failure_mode", "risk_description") not in told


def test_scratchpads(recorded: Path) -> None:
    runs = _read(recorded / "alignment-faking")
    text = (recorded / "alignment-faking/gold_106.json").read_text("utf-8")
    assert _count(runs) == (40, 40, 0)
    assert text.count('"text": ') == 40
    assert all(run.steps and not run.has_calls for run in runs)


def test_everything_at_once_has_a_name_of_its_own(recorded: Path) -> None:
    runs = [run for run in find_runs([recorded]) if isinstance(run, Recording)]
    places = {(run.source.file, run.source.record, run.source.format) for run in runs}
    assert len(runs) == len(places) == 1566
