"""Weighed votes on recorded verdicts of language models, which measure them and never shape them.

What is asserted stands below what `python -m tests.benchmarks.measure_panel` prints.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.panel.thresholds import Band
from tests.benchmarks.llmbar import (
    PANELS,
    Judged,
    best_single,
    dawid_skene,
    majority,
    measure_fitted,
    measure_sequential,
    read_llmbar,
)

pytestmark = pytest.mark.real

SEVEN = PANELS["7 mixed (2 strong)"]
WEAK = PANELS["5 weak models, no GPT-4"]


@pytest.fixture(scope="module")
def items(shared: Path) -> list[Judged]:
    """Return the pairs of known answer."""
    return read_llmbar(shared / "data")


def test_the_published_majority_and_best_judge_are_found_again(items: list[Judged]) -> None:
    one_prompt = PANELS["5 models, one prompt"]
    assert len(items) == 419
    assert majority(items, one_prompt) == pytest.approx(0.587, abs=0.001)
    assert best_single(items, one_prompt) == pytest.approx(0.828, abs=0.001)
    assert majority(items, SEVEN) == pytest.approx(0.606, abs=0.005)


def test_votes_alone_do_not_say_who_is_right(items: list[Judged]) -> None:
    assert dawid_skene(items, SEVEN) < majority(items, SEVEN)


def test_forty_canaries_with_free_weights(items: list[Judged]) -> None:
    seven = measure_fitted(items, SEVEN, 40, may_invert=True)
    assert seven.accuracy >= 0.83 and seven.log_loss <= 0.42
    assert measure_fitted(items, WEAK, 40, may_invert=True).accuracy >= 0.66


def test_forty_canaries_with_weights_that_stay_above_nothing(items: list[Judged]) -> None:
    seven = measure_fitted(items, SEVEN, 40)
    assert seven.accuracy >= 0.81 and seven.log_loss <= 0.48
    assert measure_fitted(items, WEAK, 40).accuracy >= 0.66


def test_two_and_a_half_calls_are_enough(items: list[Judged]) -> None:
    found = measure_sequential(items, SEVEN, Band(0.2, 0.8), first=1, may_invert=True)
    assert found.accuracy >= 0.82 and found.calls <= 2.5
