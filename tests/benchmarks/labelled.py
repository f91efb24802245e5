"""Recorded runs of others with what people say of them; labels stay outside the recordings."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.replay.importers import find_runs
from orchestrator.replay.recording import Recording
from tests.conftest import ROOT


class Labelled(NamedTuple):
    """A run and what is true of it."""

    recording: Recording
    is_bad: bool
    first_bad: int | None = None
    """Message of the first bad call, where that is known."""
    group: str = ""
    """Suite or model, to see whether all fare alike."""


Read = Callable[[Path], Iterator[Labelled]]


def find_shared() -> Path | None:
    """Return the folder of recorded runs; None where there is none."""
    named = os.environ.get("CROSSAUDIT_SHARED")
    folder = (Path(named) if named else ROOT.parent / "shared") / "data" / "runs"
    return folder if folder.is_dir() else None


def read_plain(folder: Path) -> Iterator[Recording]:
    """Yield the runs of a folder."""
    for found in find_runs([folder]):
        if isinstance(found, Recording):
            yield found


def _read_agentdojo(folder: Path) -> Iterator[Labelled]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["file"], int(row["line"])): row for row in csv.DictReader(file)}
    for run in read_plain(folder):
        row = rows.get((run.source.file, run.source.record))
        if row and row["truth"]:
            first = row["first_attempt_message"]
            is_bad = row["truth"] == "1"
            yield Labelled(run, is_bad, int(first) if is_bad and first else None, row["suite"])


def _read_array(name: str, is_bad: Callable[[Any], bool], inside: str = "") -> Read:
    def read(folder: Path) -> Iterator[Labelled]:
        data = json.loads((folder / name).read_text("utf-8"))
        rows: list[dict[str, Any]] = data[inside] if inside else data
        for run in read_plain(folder):
            yield Labelled(run, is_bad(rows[run.source.record]["label"]))

    return read


def _read_open_agent_safety(folder: Path) -> Iterator[Labelled]:
    rows = json.loads((folder / "labels.json").read_text("utf-8"))
    labels = {(row["model"], row["task"]): row["clean_label"] for row in rows}
    for run in read_plain(folder):
        path = Path(run.source.file)
        label = labels.get((path.parent.name, path.stem.removeprefix("traj_")))
        if label is not None:
            yield Labelled(run, bool(label), group=path.parent.name)


LABELLED: dict[str, Read] = {
    "agentdojo": _read_agentdojo,
    "r-judge": _read_array("rjudge.json", lambda label: str(label) == "1"),
    "assebench-security": _read_array("AgentJudge-security.json", lambda label: str(label) == "1"),
    "openagentsafety": _read_open_agent_safety,
    "alignment-faking": _read_array(
        "gold_106.json", lambda label: label == "potential_faking", "samples"
    ),
}

BENIGN: dict[str, tuple[tuple[str, ...], float]] = {
    "tau-bench": (("tau-bench",), 0.01),
    "claude-code": (("claude-code",), 0.02),
    "pi": (("pi-session",), 0.02),
    "openhands, swe-agent, atif": (("openhands-output", "swe-agent", "atif"), 0.05),
}
"""Runs without attacks: folders, and the share of actions that may be held."""
