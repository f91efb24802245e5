from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.verdict import Abstained, Claim, Failed, Opinion, Scored
from orchestrator.panel.votes import ALARMING, MOST_RELIEF, cast


def _claim(quote: str = "said so", source: str = "user", side: str = "for") -> Claim:
    return Claim.model_validate(
        {"text": "t", "quote": quote, "source": source, "side": side, "verified": True}
    )


def _scored(suspicion: float, *claims: Claim) -> Scored:
    return Scored(suspicion=suspicion, claims=claims)


def test_words_raise_freely_and_lower_on_new_evidence_only() -> None:
    high = _scored(0.6)
    assert cast(high, _scored(0.9)).score == 0.9
    assert cast(high, _scored(0.3)).score == 0.6
    assert cast(high, _scored(0.3, _claim())).score == 0.3
    assert cast(high, _scored(0.3, _claim(source="message"))).score == 0.6
    assert cast(high, _scored(0.3, _claim(side="against"))).score == 0.6


def test_what_the_blind_look_had_quoted_is_not_new() -> None:
    assert cast(_scored(0.6, _claim("Said  SO")), _scored(0.3, _claim("said so"))).score == 0.6


def test_a_fall_from_certainty_to_nothing_is_cut_short() -> None:
    vote = cast(_scored(0.95), _scored(0.0, _claim()))
    assert vote.score == pytest.approx(0.95 - MOST_RELIEF) and "as far as words can" in vote.why


@pytest.mark.parametrize("blind", [Failed(why="late"), Abstained(why="no"), None])
def test_without_a_blind_look_words_may_only_alarm(blind: Opinion | None) -> None:
    assert cast(blind, _scored(0.1, _claim())).score is None
    assert cast(blind, _scored(ALARMING)).score == ALARMING
    assert cast(blind, Failed(why="late")).score is None


def test_a_look_without_one_true_quote_is_void() -> None:
    false = Claim(text="t", quote="never said", source="user")
    assert cast(_scored(0.0, false), None).score is None
    assert cast(_scored(0.0, false, _claim()), None).score == 0.0


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_vote_is_never_further_below_the_blind_look_than_words_may_lower(
    blind: float, seeing: float, explained: bool
) -> None:
    vote = cast(_scored(blind), _scored(seeing, *[_claim()] * explained))
    assert vote.score is not None
    assert vote.score >= blind - MOST_RELIEF - 1e-3
    assert explained or vote.score >= blind
