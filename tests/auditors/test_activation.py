"""The seam for signals from inside a model: usually there are none, and that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.auditors.activation import ActivationAuditor
from orchestrator.domain.action import Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Abstained, Opinion, Scored
from orchestrator.errors import ConfigError


def ask(auditor: ActivationAuditor, turn: int = 0) -> Opinion:
    seat = auditor.open(RunFacts(agent="clerk", seed="", profile="default"))
    (verdict,) = seat.judge(Turn(index=turn), [])
    assert verdict.action is None and verdict.version == auditor.version
    return verdict.opinion


def test_nothing_is_no_evidence() -> None:
    assert ask(ActivationAuditor()) == Abstained(why="no evidence")


def test_a_file_says_what_a_probe_read(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text('{"agent": "clerk", "turn": 1, "score": 0.7}\n\n')
    auditor = ActivationAuditor(source="file", path=str(path))
    assert ask(auditor, 1) == Scored(suspicion=0.7)
    assert isinstance(ask(auditor, 2), Abstained)


@pytest.mark.parametrize("line", ["nonsense", '{"agent": "a"}', '{"agent":"a","turn":0,"score":2}'])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(ConfigError, match=r"scores\.jsonl:2: "):
        ActivationAuditor(source="file", path=str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        ActivationAuditor(source="file", path=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="file with a path"):
        ActivationAuditor(source="file")


def test_made_up_signals_repeat_and_stay_low() -> None:
    one, two = (ask(ActivationAuditor(source="simulated", seed=3), 5) for _ in range(2))
    assert one == two and isinstance(one, Scored) and one.suspicion < 0.05
