"""Commands whose lines have no sign that ASCII does not have."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.glyphs import draws_ascii, fit_streams
from tests.conftest import ROOT

DEMO = ROOT / "runs" / "demo" / "run.jsonl"
MAIN = "from orchestrator.cli import main; main()"


def say(folder: Path, *arguments: str, **environment: str) -> bytes:
    (folder / "crossaudit.toml").touch()
    known = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    run = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=folder,
        env={**known, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=True,
    )
    return run.stdout


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    (tmp_path / "crossaudit.toml").write_text('[tui]\nglyphs = "ascii"\n', "utf-8")
    return tmp_path


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "de_DE.ISO-8859-1"])
def test_plain_lines_are_ascii_where_it_is_configured(configured: Path, locale: str) -> None:
    said = say(configured, "watch", str(DEMO), "--plain", "--events", LC_ALL=locale)
    assert said.isascii() and b"+ allow" in said and b"x deny" in said and b"? escalate" in said


def test_plain_lines_are_ascii_where_the_locale_has_no_more(tmp_path: Path) -> None:
    said = say(tmp_path, "watch", str(DEMO), "--plain", LC_ALL="C")
    assert said.isascii() and b"+ allow" in said
    assert "✓ allow" in say(tmp_path, "watch", str(DEMO), "--plain", LC_ALL="C.UTF-8").decode()


def test_letters_of_others_stay_or_become_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    for locale in ("C.UTF-8", "C"):
        monkeypatch.setenv("LC_ALL", locale)
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "utf-8"))
        fit_streams("ascii")
        print("✓ Käse 漢 \ud800", flush=True)
        written.append(raw.getvalue())
    assert written[0].startswith("+ Käse 漢 ".encode()) and written[0].endswith(b"\\ud800\n")
    assert written[1] == b"+ K\\xe4se \\u6f22 \\ud800\n"


def test_what_is_configured_goes_before_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for locale, is_ascii in (("C", True), ("C.UTF-8", False)):
        monkeypatch.setenv("LC_ALL", locale)
        assert draws_ascii(None) is is_ascii
        assert draws_ascii("ascii") and not draws_ascii("unicode")
