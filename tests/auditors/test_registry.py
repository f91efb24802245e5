"""Which auditors a configuration asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.auditors.baseline import BaselineAuditor
from orchestrator.auditors.registry import build_auditors
from orchestrator.config import Config, load_config
from orchestrator.errors import ConfigError

LOCAL = ["provenance", "justification", "oversight", "baseline"]


def write(folder: Path, text: str) -> Config:
    path = folder / "crossaudit.toml"
    path.write_text(text)
    return load_config(path).config


def test_all_four_judge_by_default() -> None:
    auditors = build_auditors(Config())
    assert [auditor.name for auditor in auditors] == LOCAL
    assert all(auditor.version and auditor.trust == "trusted" for auditor in auditors)


def test_one_is_switched_off_and_the_others_stay(tmp_path: Path) -> None:
    config = write(tmp_path, '[[auditors]]\nname = "oversight"\nenabled = false\n')
    assert [a.name for a in build_auditors(config)] == ["provenance", "justification", "baseline"]


def test_settings_reach_the_auditor(tmp_path: Path) -> None:
    config = write(tmp_path, '[[auditors]]\nname = "baseline"\nsettings = {min_runs = 9}\n')
    auditor = build_auditors(config)[-1]
    assert isinstance(auditor, BaselineAuditor) and auditor.min_runs == 9
    assert auditor.version != BaselineAuditor().version


def test_one_may_be_added_under_a_name_of_its_own(tmp_path: Path) -> None:
    config = write(tmp_path, '[[auditors]]\nname = "probe"\nkind = "activation"\n')
    assert [a.name for a in build_auditors(config)] == [*LOCAL, "probe"]


def test_a_configuration_survives_its_own_dump() -> None:
    config = Config.model_validate({"auditors": [{"name": "oversight", "enabled": False}]})
    assert Config.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[auditors]]\nname = "baseline"\nsettings = {min_run = 9}\n', "did you mean 'min_runs'"),
        ('[[auditors]]\nname = "x"\nkind = "y"\n', r"toml:3: "),
        ('[[auditors]]\nname = "baseline"\n\nenabeld = 1\n', r"toml:4: .*did you mean 'enabled'"),
        ('[[auditors]]\nname = "oversight"\n[[auditors]]\nname = "oversight"\n', "same name"),
    ],
)
def test_a_mistake_is_one_clear_sentence(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says):
        build_auditors(write(tmp_path, text))


def test_habits_are_kept_beside_the_ledger() -> None:
    auditor = build_auditors(Config(), "/srv/data/ledger.db")[-1]
    assert isinstance(auditor, BaselineAuditor) and auditor.snapshots
    assert auditor.snapshots._folder == Path("/srv/data/baselines")
    remote = build_auditors(Config(), "postgresql://db/ledger")[-1]
    assert isinstance(remote, BaselineAuditor) and remote.snapshots is None
