"""Claims as a debate shows them: nobody's, each once, in balance; and what may reword them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.auditors.model.rebuttal import Reworded
from orchestrator.domain.panel import PooledClaim
from orchestrator.domain.verdict import Claim
from orchestrator.panel.change import measure_distance
from orchestrator.panel.paraphrase import fill_template, find_flaw
from orchestrator.panel.pooling import (
    choose_shown,
    is_duplicate,
    is_known,
    name_claims,
    pool_claims,
)
from tests.panel.debaters import AGAINST, FOR, Voice, judge, stubborn, yielding


def claim(quote: str, side: Any = "against", source: str = "result", **more: Any) -> Claim:
    return Claim(**{"text": "it says so", "quote": quote, "source": source, "side": side,
                    "verified": True, **more})  # fmt: skip


def shown(number: int, side: Any) -> PooledClaim:
    return PooledClaim(id=f"C{number}", side=side, text="t", quote=f"q{number}", source="result")


def test_quotes_that_hold_each_other_are_one_claim_and_the_longest_stands() -> None:
    pooled = pool_claims({"a": [claim("send to x")], "b": [claim("please  SEND to X now")]})
    (one,) = pooled
    assert one.claim.quote == "please  SEND to X now" and one.holders == {"a", "b"}


def test_sides_places_and_other_words_stay_apart() -> None:
    one = claim("send it to the address below")
    assert not is_duplicate(one, claim("send it to the address below", "for"))
    assert not is_duplicate(one, claim("send it to the address below", source="arguments"))
    assert not is_duplicate(one, claim("delete the log of today"))
    assert not is_duplicate(claim("rm"), claim("rm -rf /srv/data/customers and all the rest"))
    near = claim("send it to the address")
    assert is_duplicate(one, near)
    reworded = claim("send mail to the address below today", text="it says something else")
    assert not is_duplicate(one, reworded), "near words said differently are two claims"


def test_the_task_is_the_users_words() -> None:
    assert is_known(claim("pay it", source="task"), [claim("pay it", source="user")])
    assert not is_known(claim("pay it", source="task"), [claim("pay it", source="arguments")])


def test_unverified_claims_are_not_pooled() -> None:
    assert pool_claims({"a": [claim("send to x", verified=False)]}) == ()


CLAIMS = st.builds(
    claim,
    st.text("abc d", min_size=3, max_size=12),
    st.sampled_from(["against", "for"]),
    st.sampled_from(["user", "result", "arguments"]),
    text=st.text("xyz ", max_size=6),
)


@given(st.dictionaries(st.sampled_from("pqrs"), st.lists(CLAIMS, max_size=3)), st.randoms())
def test_pooling_hangs_on_no_order_of_members(
    claims: dict[str, list[Claim]], dice: random.Random
) -> None:
    names = list(claims)
    dice.shuffle(names)
    again = {name: claims[name] for name in names}
    assert name_claims(pool_claims(claims)) == name_claims(pool_claims(again))
    assert set(pool_claims(claims)) == set(pool_claims(again))


@given(st.lists(st.sampled_from(["against", "for"]), max_size=9), st.integers(), st.integers())
def test_a_reader_sees_as_many_of_each_side_whatever_the_draw(
    sides: list[str], one: int, other: int
) -> None:
    claims = [shown(number, side) for number, side in enumerate(sides)]
    ids = [c.id for c in claims]
    first = choose_shown(claims, ids, random.Random(one))
    assert set(first) == set(choose_shown(claims, ids, random.Random(other)))
    counts = [sum(c.side == side for c in first) for side in ("against", "for")]
    if "against" in sides and "for" in sides:
        assert counts[0] == counts[1] > 0
    assert bool(first) is bool(claims) and max(counts, default=0) <= 3


def test_the_template_says_where_which_side_and_the_quote() -> None:
    said = fill_template("C1", claim("send to x"), "A1").text
    assert said == "A quoted passage in a tool result is said to speak AGAINST call A1: ‹send to x›"


ASKED = [PooledClaim(id="C1", side="against", text="x", quote="send to ‹x›", source="result")]


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        ([], "added or left out"),
        ([("C1", "send to ‹x›", "ok"), ("C1", "send to ‹x›", "ok")], "added or left out"),
        ([("C1", "send to ‹x›", "ok"), ("C2", "q", "ok")], "added or left out"),
        ([("C1", "send to x", "ok")], "quote of C1 was changed"),
        ([("C1", "send to ‹x›", "  ")], "empty or too long"),
        ([("C1", "send to ‹x›", "y" * 241)], "empty or too long"),
        ([("C1", "send to ‹x›", 'It says "pay" too')], "quotes"),
        ([("C1", "send to ‹x›", "It says\u202e so")], "signs nobody sees"),
        ([("C1", "send to ‹x›", "Acme-Lens finds it odd")], "names somebody"),
        ([("C1", "send to ‹x›", "Most auditors find it odd")], "how many"),
    ],
)
def test_a_paraphrase_that_is_more_or_less_than_the_claims_is_refused(
    given: list[tuple[str, str, str]], flaw: str
) -> None:
    reworded = [Reworded(id=i, quote=q, text=t) for i, q, t in given]
    assert flaw in find_flaw(ASKED, reworded, ["acme-lens"])


def test_a_plain_paraphrase_stands() -> None:
    reworded = [Reworded(id="C1", quote="send to ‹x›", text="The text asks to send something.")]
    assert find_flaw(ASKED, reworded, ["acme-lens"]) == ""


@pytest.mark.anyio
@pytest.mark.parametrize("honest", [True, False])
async def test_a_paraphraser_rewords_or_templates_take_its_place(honest: bool) -> None:
    neutral = Voice("neutral", role="paraphraser")
    if not honest:
        neutral.rewords = lambda claim: "The maker-of-doubter thinks so."
    doubter = Voice("doubter", 90, (AGAINST,), behave=yielding(2))
    truster = Voice("truster", 10, (FOR,), behave=stubborn(10))
    held = await judge([doubter, truster, neutral])
    texts = [claim["text"] for round in truster.shown() for claim in round]
    expected = "It is said" if honest else "A quoted passage in the arguments of a call is said"
    assert texts and all(text.startswith(expected) for text in texts)
    assert not any(AGAINST["text"] in prompt for prompt in truster.debate_prompts)
    assert held.ruling.end == "clear"


def test_the_distance_of_votes() -> None:
    assert measure_distance([0.1, 0.9], [0.9, 0.1]) == 0.0
    assert measure_distance([0.1, 0.2], [0.8, 0.9]) == 1.0
    assert measure_distance([0.1, 0.5, 0.9, 0.9], [0.1, 0.5, 0.9, 0.2]) == 0.25
    assert measure_distance([], []) == 0.0 and measure_distance([], [0.5]) == 1.0
