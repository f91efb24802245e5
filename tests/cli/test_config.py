"""`config show` and `config init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.command import Exit
from orchestrator.cli.program import run_program
from orchestrator.config import AuditorConfig, Config, load_config


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_show_names_the_origin_of_each_value(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "crossaudit.toml").write_text('[gate]\nstrikes = 7\n[rules.parameters]\na = "b"\n')
    monkeypatch.setenv("CROSSAUDIT_LEDGER", "other.db")
    assert run_program(["config", "show", "--profile", "strict", "--json"]) == Exit.OK
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rows = {row["key"]: row for row in printed}
    assert rows["profile"] == {"key": "profile", "value": "strict", "origin": "--profile"}
    assert rows["gate.strikes"]["value"] == 7
    assert rows["gate.strikes"]["origin"].endswith("crossaudit.toml:2")
    assert rows["gate.escalate_at"]["origin"] == "profile strict"
    assert rows["ledger.path"]["origin"] == "CROSSAUDIT_LEDGER"
    assert rows["limits.record_mib"]["origin"] == "built in"
    assert rows["rules.parameters.a"]["value"] == "b"


def test_what_show_prints_is_the_configuration_it_shows(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "crossaudit.toml").write_text(
        'profile = "strict"\n[rules]\npacks = ["shell", "a \\"b\\""]\n'
        '[rules.parameters]\nlimit = 5.5\nhosts = ["a.example", "b.example"]\n"odd key" = true\n'
    )
    before = load_config().config
    run_program(["config", "show"])
    (elsewhere / "crossaudit.toml").write_text(capsys.readouterr().out)
    assert load_config().config == before


def test_ledger_option_wins(capsys: pytest.CaptureFixture[str]) -> None:
    run_program(["config", "show", "--ledger", "mine.db"])
    assert 'path = "mine.db"' in capsys.readouterr().out


@pytest.mark.parametrize("profile", ["default", "strict", "observe"])
def test_init_changes_nothing_and_explains_everything(
    profile: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["config", "init", "--profile", profile]) == Exit.OK
    assert "wrote crossaudit.toml" in capsys.readouterr().out
    path = elsewhere / "crossaudit.toml"
    expected = load_config(path).config
    assert expected.profile == profile
    text = path.read_text()
    for name, section in Config.model_fields.items():
        if name != "profile":
            assert f"[{name}]" in text
            model = AuditorConfig if name == "auditors" else section.annotation
            assert model is not None
            for field in model.model_fields:
                assert f"{field} = " in text or f"# {field} is not set" in text
    # Settings in comments have no space after the #: with them switched on, nothing changes.
    lines = [line.removeprefix("#") if line[:2] != "# " else line for line in text.splitlines()]
    path.write_text("\n".join(lines))
    assert load_config(path).config == expected


def test_init_leaves_an_existing_file_alone(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "crossaudit.toml").write_text("# mine")
    assert run_program(["config", "init"]) == Exit.FAILED
    assert "exists already" in capsys.readouterr().err
    assert (elsewhere / "crossaudit.toml").read_text() == "# mine"


def test_a_wrong_profile_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["config", "init", "--profile", "obsrve"]) == Exit.USAGE
    assert "did you mean 'observe'?" in capsys.readouterr().err
    assert not Path("crossaudit.toml").exists()


def test_a_wrong_key_names_file_line_and_the_nearest(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "crossaudit.toml").write_text("[gate]\nstrike = 7\n")
    assert run_program(["config", "show"]) == Exit.USAGE
    err = capsys.readouterr().err
    assert "crossaudit.toml:2: " in err
    assert "did you mean 'strikes'?" in err
