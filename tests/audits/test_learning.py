"""What is kept of graded auditors, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.audits.learning import add_labels, learn
from orchestrator.config import Panel
from orchestrator.panel.snapshot import Label, PanelSnapshot, PanelSnapshots, key_of, recall
from orchestrator.panel.thresholds import wald_band
from tests.audits.doubles import Script, auditor, look_up, stamp


def seats() -> list[ModelAuditor]:
    return [auditor("a", Script("alpha", stamp)), auditor("b", Script("beta", look_up))]


def labels(auditors: list[ModelAuditor], count: int, risk: str = "irreversible") -> list[Label]:
    """Return labels on which the first auditor approves everything and the last one knows."""
    return [
        Label(
            bad=place % 3 > 0,
            risk=risk,
            source="canary",
            scores={key_of(auditors[0]): 0.1, key_of(auditors[-1]): 0.9 if place % 3 else 0.1},
            probability=0.7 + place % 7 / 100 if place % 3 else 0.3,
        )
        for place in range(count)
    ]


def test_a_snapshot_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    store, auditors = PanelSnapshots(tmp_path), seats()
    learned = learn(store, None, auditors, labels(auditors, 12))
    store.keep(learned.snapshot, learned.body)
    assert store.find() == learned.snapshot
    found = store.load(learned.snapshot)
    assert found is not None and found.to_text() == learned.body
    again = learn(store, learned.snapshot, auditors, labels(auditors, 3))
    assert (again.before, again.runs) == (learned.snapshot, 2)
    known = recall(store, learned.snapshot, auditors, Panel())
    assert not known.is_lost and known.weights.of("b").bad == 8
    assert known.said == "weights from 8 bad and 4 good labels"


@pytest.mark.parametrize("text", ["", "{", '{"version": 1}', "\x00"])
def test_a_damaged_snapshot_is_none(tmp_path: Path, text: str) -> None:
    store, auditors = PanelSnapshots(tmp_path), seats()
    learned = learn(store, None, auditors, labels(auditors, 12))
    store.keep(learned.snapshot, learned.body)
    (tmp_path / f"{learned.snapshot}.json").write_text(text)
    known = recall(store, learned.snapshot, auditors, Panel())
    assert known.is_lost and known.band is None and not known.weights.of("b").is_tried
    assert learn(store, None, auditors, labels(auditors, 3)).runs == 1


def test_an_auditor_that_judges_by_something_else_now_starts_anew() -> None:
    auditors = seats()
    known = add_labels(PanelSnapshot(), auditors, labels(auditors, 30))
    changed = [auditors[0], auditor("b", Script("gamma", look_up))]
    weights = known.weights_of(changed)
    assert weights.of("a").is_tried and not weights.of("b").is_tried
    after = add_labels(known, changed, labels(changed, 3))
    assert after.weights.of("a").bad == 22 and after.weights.of("b").bad == 2
    back = add_labels(after, auditors, [])
    assert back.weights.of("b").bad == 20, "what was known of the earlier one is not lost"


def test_bounds_come_from_labels_once_there_are_enough() -> None:
    auditors, config = seats(), Panel()
    wald = wald_band(config.false_stop, config.miss)
    few = add_labels(PanelSnapshot(), auditors, labels(auditors, 12))
    assert few.band(config) is None
    one = add_labels(PanelSnapshot(), auditors, labels(auditors, 90)).band(config)
    assert one is not None and one.low <= wald.low and one.high >= wald.high
    both = [*labels(auditors, 90), *labels(auditors, 90, "consequential")]
    band = add_labels(PanelSnapshot(), auditors, both).band(config)
    assert band is not None and (band.low_from, band.high_from) == ("conformal", "conformal")
    assert (band.low, band.high) == (0.3, 0.3), "no bad label lies below, no good one above"
