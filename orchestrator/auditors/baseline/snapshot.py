"""What is known of an agent between runs, kept in files named by their own hash."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from pydantic import Field, ValidationError

from orchestrator.auditors.baseline.habits import Diary, Habits
from orchestrator.domain.run import RunFacts
from orchestrator.domain.value import Value

ANCHOR_RUNS = 10
"""The first runs make the anchor, which never moves again."""
MAX_BYTES = 4 << 20


class Snapshot(Value):
    """The habits of one agent in one family of tasks."""

    version: int = 1
    moving: Habits = Habits()
    anchor: Habits = Habits()
    """As `moving` was after the first runs: shows a change too slow for `moving` to notice."""
    levels: dict[str, float] = Field(default_factory=dict)
    """How far near-misses of each clause have piled up."""

    def after(self, day: Diary | None, levels: dict[str, float]) -> Snapshot:
        """Return what is known after a run; without a diary only the piles have moved."""
        moving = self.moving.with_run(day) if day else self.moving
        anchor = moving if moving.runs <= ANCHOR_RUNS else self.anchor
        return Snapshot(moving=moving, anchor=anchor, levels=levels)

    def to_text(self) -> str:
        """Return the text that the hash covers."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


class Snapshots:
    """A folder of snapshots, `HASH.json`, and for each agent and family which is the newest.

    Nothing is ever changed in place. Of two runs that end at once, the later one is kept. A file
    that is damaged or gone counts as no baseline.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def find(self, facts: RunFacts) -> str | None:
        """Return the hash of the newest snapshot for runs like this one."""
        text = read_small(self._head(facts))
        return text.strip() if text else None

    def load(self, digest: str) -> Snapshot | None:
        """Return the snapshot of that hash; None if it is not here or not what the hash says."""
        text = read_small(self._folder / f"{digest}.json") if digest.isalnum() else None
        if text is None or hash_of(text) != digest:
            return None
        try:
            return Snapshot.model_validate_json(text)
        except ValidationError:
            return None

    def keep(self, facts: RunFacts, digest: str, text: str) -> None:
        """Store a snapshot as the newest; OSError where the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / f"{digest}.json", text)
        write_whole(self._head(facts), f"{digest}\n")

    def _head(self, facts: RunFacts) -> Path:
        return self._folder / f"{_key(facts)}.newest"


def hash_of(text: str) -> str:
    """Return the hash a snapshot is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


def _key(facts: RunFacts) -> str:
    """Name an agent and its family of tasks: what it may use says what it is for."""
    tools = sorted({tool.name for tool in facts.tools})
    text = json.dumps([facts.agent, facts.model, tools])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def read_small(path: Path) -> str | None:
    """Return the text of a file; None where it is not there, too large, or no text."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def write_whole(path: Path, text: str) -> None:
    """Write at once or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
