from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config import Config, find_config, load_config, profile_names, read_profile
from orchestrator.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "crossaudit.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_strongest_source_wins_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, '[gate]\nescalate_at = 0.4\n\n[ledger]\npath = "here.db"\n')
    monkeypatch.setenv("CROSSAUDIT_LEDGER", "there.db")
    loaded = load_config(
        file, profile="strict", overrides={("limits", "record_mib"): (2, "--limit")}
    )
    assert loaded.config.gate.escalate_at == 0.4
    assert loaded.config.gate.justification == "required"
    assert loaded.config.ledger.path == "there.db"
    assert loaded.origins["gate", "escalate_at"] == f"{file}:2"
    assert loaded.origins["gate", "justification"] == "profile strict"
    assert loaded.origins["ledger", "path"] == "CROSSAUDIT_LEDGER"
    assert loaded.origins["limits", "record_mib"] == "--limit"
    assert loaded.origins["gate", "strikes"] == "profile strict"
    assert loaded.origins["gate", "deadline_s"] == "built in"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "runs/ledger.db"),
        ('[ledger]\npath = "kept/here.db"\n', "kept/here.db"),
        ('[ledger]\npath = "/srv/all.db"\n', "/srv/all.db"),
    ],
)
def test_a_relative_ledger_stands_beside_the_file(tmp_path: Path, text: str, place: str) -> None:
    file = write(tmp_path, text)
    assert load_config(file).config.ledger.path == str(tmp_path / place)
    assert (
        load_config(
            file, overrides={("ledger", "path"): ("flag.db", "--ledger")}
        ).config.ledger.path
        == "flag.db"
    )


def test_a_postgresql_url_stays_as_it_is(tmp_path: Path) -> None:
    url = "postgresql://127.0.0.1/audits"
    file = write(tmp_path, f'[ledger]\npath = "{url}"\n')
    assert load_config(file).config.ledger.path == url


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[gate]\nenforce = true\nescalat_at = 1\n", 3, "did you mean 'escalate_at'"),
        ("[gatte]\nenforce = true\n", 1, "did you mean 'gate'"),
        ('[gate]\nenforce = true\nstrikes = "many"\n', 3, "gate.strikes"),
        ("[gate]\nenforce = true\njustification = 'maybe'\n", 3, "gate.justification"),
        ("profile = 'strit'\n", None, "did you mean 'strict'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert words in str(caught.value)
    if line:
        assert f"{file}:{line}:" in str(caught.value)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"[gate", b"a = " + b"[" * 50_000])
def test_a_file_that_is_no_toml_is_one_sentence(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "crossaudit.toml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"crossaudit.toml: is (not|nested)"):
        load_config(file)


WORDS = st.sampled_from(
    [
        "[gate]", "[ledger]", "[[auditors]]", "enforce", "escalate_at", "path", "=", " = ", "true",
        "0.5", '"x"', "\n", "#", "{", "}", "[", "]", ",", ".", "profile", '"strict"',
    ]
)  # fmt: skip


@settings(max_examples=1_500)
@given(st.text(max_size=200) | st.lists(WORDS, max_size=20).map("".join))
def test_any_text_is_either_a_configuration_or_a_config_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "c.toml"
        file.write_text(text, "utf-8", newline="")
        with contextlib.suppress(ConfigError):
            load_config(file)


def test_every_shipped_profile_loads() -> None:
    assert profile_names() == [
        "default", "defer_to_resample", "defer_to_trusted", "observe",
        "resample_for_incrimination", "strict", "trusted_monitoring", "untrusted_monitoring",
    ]  # fmt: skip
    for name in profile_names():
        text, data = read_profile(name)
        assert text and Config.model_validate(data)
    assert load_config(profile="observe").config.gate.enforce is False


def test_the_nearest_file_upward_is_found(tmp_path: Path) -> None:
    file = write(tmp_path, "")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_config(below) == file
