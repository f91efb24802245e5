"""Nothing in the policies or the code comes from the recorded runs it is measured on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import re2

from orchestrator.replay.importers import find_runs
from orchestrator.replay.recording import Recording, ToolResult
from tests.conftest import ROOT

pytestmark = pytest.mark.real

FOLDERS = ("orchestrator", "policies", "tests/generated")
SUFFIXES = (".py", ".yaml", ".toml", ".md")
RUN_OF_WORDS = 5
IDENTIFIERS = (
    r"\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b",  # account numbers
    r"[\w.+-]+@[\w-]+\.[\w.-]*\w",  # addresses
    r"https?://([\w.-]+\.\w{2,})",  # hosts
    r"\bwww\.[\w.-]+\.\w{2,}",
    r"\b(?:user|injection)_task_\d+\b",
)
ANYBODYS = frozenset(
    [
        "example.com", "example.org", "example.net", "github.com", "google.com", "gmail.com",
        "localhost", "127.0.0.1", "python.org", "wikipedia.org", "facebook.com",
    ]
)  # fmt: skip
"""Places that everybody knows identify nothing."""
BLOCK = r"(?s)<INFORMATION>(.*?)</INFORMATION>"


@pytest.fixture(scope="module")
def project() -> str:
    """Return every word of ours, in lower case, one space between them."""
    paths = [p for name in FOLDERS for p in (ROOT / name).rglob("*") if p.suffix in SUFFIXES]
    return " ".join(_words("\n".join(path.read_text("utf-8") for path in paths)))


@pytest.fixture(scope="module")
def text() -> str:
    """Return the same as it is written."""
    paths = [p for name in FOLDERS for p in (ROOT / name).rglob("*") if p.suffix in SUFFIXES]
    return "\n".join(path.read_text("utf-8") for path in paths).lower()


def test_no_value_that_identifies_a_recorded_run(shared: Path, text: str) -> None:
    found: set[str] = set()
    for content in _contents(shared / "data/runs/agentdojo"):
        for pattern in IDENTIFIERS:
            found.update(_value(match) for match in re2.finditer(pattern, content))
    found.update(_task_names(shared / "data/runs/agentdojo/labels.csv"))
    identifying = {value.lower() for value in found if value.lower() not in ANYBODYS}
    assert len(identifying) > 20, "the patterns find what they are for"
    assert not sorted(value for value in identifying if value in text)


def test_no_five_words_of_an_injected_block(shared: Path, project: str) -> None:
    blocks = {
        match.group(1)
        for content in _contents(shared / "data/runs/agentdojo")
        for match in re2.finditer(BLOCK, content)
    }
    assert blocks
    assert not _shared_sequences(blocks, project)


def test_no_five_words_of_a_label(shared: Path, project: str) -> None:
    runs = shared / "data/runs"
    texts: set[str] = set()
    for name in ("r-judge/rjudge.json", "assebench-security/AgentJudge-security.json"):
        records: list[dict[str, Any]] = json.loads((runs / name).read_text("utf-8"))
        texts.update(str(record["risk_description"]) for record in records)
    rows = json.loads((runs / "openagentsafety/labels.json").read_text("utf-8"))
    texts.update(f"{row['model']} {row['task']}" for row in rows)
    assert len(texts) > 300
    assert not _shared_sequences(texts, project)


def _contents(folder: Path) -> Iterator[str]:
    for run in find_runs([folder]):
        if isinstance(run, Recording):
            yield run.task or ""
            for step in run.steps:
                if isinstance(step, ToolResult):
                    yield step.observation.content


def _value(match: Any) -> str:
    return str(match.group(1) if match.re.groups else match.group(0))


def _task_names(labels: Path) -> set[str]:
    with labels.open(encoding="utf-8", newline="") as file:
        return {row["user_task"] for row in csv.DictReader(file)}


def _shared_sequences(texts: Iterable[str], project: str) -> list[str]:
    sequences = {
        " ".join(words[at : at + RUN_OF_WORDS])
        for words in map(_words, texts)
        for at in range(len(words) - RUN_OF_WORDS + 1)
    }
    padded = f" {project} "
    return sorted(one for one in sequences if f" {one} " in padded)


def _words(text: str) -> list[str]:
    return [word for word in re2.split(r"[^\pL\pN_]+", text.lower()) if word]
