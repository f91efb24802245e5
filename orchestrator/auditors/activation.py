"""Signals read from inside the agent's model, where somebody can read them; usually nobody can.

A source gives a calibrated probability for a turn or nothing. Nothing is an abstention that says
"no evidence"; it never counts as clear.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from orchestrator.auditors.auditor import Trust
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Abstained, Hit, Scored, Verdict
from orchestrator.errors import ConfigError

NOTHING = "no evidence"


class ActivationSource(Protocol):
    """Where signals come from."""

    def read(self, agent: str, turn: int) -> float | None:
        """Return the probability that the agent means harm in this turn; None where unknown."""
        ...


class NullSource:
    """Know nothing."""

    def read(self, agent: str, turn: int) -> float | None:
        """Return None."""
        return None


class FileSource:
    """Read JSON Lines `{"agent": TEXT, "turn": N, "score": 0..1}` that a probe wrote beforehand."""

    def __init__(self, path: Path) -> None:
        self._scores: dict[tuple[str, int], float] = {}
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"activation scores cannot be read: {error}", file=str(path)
            ) from None
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._add(line, str(path), number)

    def read(self, agent: str, turn: int) -> float | None:
        """Return the score of the file for this turn."""
        return self._scores.get((agent, turn))

    def _add(self, line: str, file: str, number: int) -> None:
        try:
            row = json.loads(line)
            place, score = (str(row["agent"]), int(row["turn"])), float(row["score"])
        except (ValueError, KeyError, TypeError):
            message = "is not {agent, turn, score}"
            raise ConfigError(message, file=file, line=number) from None
        if not 0.0 <= score <= 1.0:
            raise ConfigError("a score is from 0 to 1", file=file, line=number)
        self._scores[place] = score


class SimulatedSource:
    """Make numbers up, the same ones for the same seed: to try the seam, never to judge."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def read(self, agent: str, turn: int) -> float | None:
        """Return a number below .05."""
        return random.Random(f"{self._seed}/{agent}/{turn}").random() * 0.05


class ActivationAuditor:
    """Pass on what a source reads."""

    name = "activation"
    trust: Trust = "trusted"

    def __init__(
        self,
        source: Literal["null", "file", "simulated"] = "null",
        path: str | None = None,
        seed: int = 0,
    ) -> None:
        self.version = hashlib.sha256(f"{source}|{path}|{seed}".encode()).hexdigest()[:16]
        self.source = _open_source(source, path, seed)

    def open(self, facts: RunFacts) -> ActivationSeat:
        """Take a seat for one run."""
        return ActivationSeat(self, facts.agent)


class ActivationSeat:
    """One run's signals."""

    def __init__(self, auditor: ActivationAuditor, agent: str) -> None:
        self._auditor = auditor
        self._agent = agent

    def hear(self, text: str) -> None:
        """Take no note: the signal is read elsewhere."""

    def judge(self, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
        """Return one verdict on the turn."""
        score = self._auditor.source.read(self._agent, turn.index)
        opinion = Abstained(why=NOTHING) if score is None else Scored(suspicion=score)
        auditor = self._auditor
        return (Verdict(auditor=auditor.name, opinion=opinion, version=auditor.version),)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take no note."""


def _open_source(source: str, path: str | None, seed: int) -> ActivationSource:
    match source:
        case "null":
            return NullSource()
        case "file" if path:
            return FileSource(Path(path))
        case "simulated":
            return SimulatedSource(seed)
    raise ConfigError("activation: the source is null, simulated, or file with a path")
