"""Pictures: that of the README is what the command makes now."""

from __future__ import annotations

import shlex
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from orchestrator.cli.program import run_program
from tests.conftest import ROOT

PICTURE = ROOT / "runs" / "demo" / "picture.svg"
DEMO = ROOT / "runs" / "demo" / "run.jsonl"


def recipe() -> list[str]:
    """Return the arguments by which `make picture` makes the picture."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("\t") and str(PICTURE.name) in line]
    return shlex.split(line)[1:]


def test_the_picture_of_the_readme_is_what_the_command_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crossaudit.toml").touch()
    (tmp_path / "runs").symlink_to(ROOT / "runs")
    arguments = recipe()
    assert arguments[-1] == str(PICTURE.relative_to(ROOT))
    assert run_program([*arguments[:-1], "made.svg"]) == 0
    is_same = (tmp_path / "made.svg").read_text("utf-8") == PICTURE.read_text("utf-8")
    assert is_same, "the demo or the screen has changed: run `make picture`, and look at it"


def test_the_picture_shows_a_held_action_with_its_auditors_and_loads_nothing() -> None:
    svg = PICTURE.read_text("utf-8")
    text = "".join(Xml.fromstring(svg).itertext()).replace("\xa0", " ")
    for words in ("ESCALATE → denied", "Rules fired", "Auditors", "debate", "ruling"):
        assert words in text, words
    assert "url(http" not in svg and "@font-face" not in svg and len(svg) < 200_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--find", "word:nosuchword"], "no line of this run"),
        (["--find", "score>much"], "not a number"),
        (["--find", "is:flag", "--event", "3"], "exclude each other"),
        (["--size", "wide"], "is no size"),
    ],
)
def test_what_cannot_be_pictured_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    out = str(tmp_path / "p.svg")
    assert run_program(["screenshot", str(DEMO), *arguments, "--out", out]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not Path(out).exists()
