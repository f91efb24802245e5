from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.action import Action
from orchestrator.domain.value import MAX_DEPTH, TOO_DEEP, clean, clean_text, is_too_deep

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.characters(categories=["Cs"])
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner)
    ),
)


@given(anything)
def test_whatever_comes_in_can_be_stored_and_read_back(data: object) -> None:
    action = Action(id="a", tool="t", arguments={"x": clean(data)})
    body = action.model_dump_json().encode()
    assert Action.model_validate_json(body) == action
    json.dumps(action.arguments, allow_nan=False)


def test_numbers_json_does_not_know_become_text() -> None:
    assert clean([math.inf, math.nan, 2**70]) == ["inf", "nan", hex(2**70)]


def test_lone_surrogates_are_replaced_and_pairs_are_kept() -> None:
    assert clean_text("a\ud800b") == "a\ufffdb"
    assert clean_text("\U0001f600") == "\U0001f600"


def test_an_object_that_cannot_even_be_shown_is_named() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    assert clean(Hostile()) == "‹Hostile that cannot be shown›"


def test_what_lies_too_deep_is_cut_and_said() -> None:
    nested: object = "bottom"
    for _ in range(MAX_DEPTH * 200):
        nested = [nested]
    cut = clean(nested)
    assert is_too_deep(cut)
    assert TOO_DEEP in json.dumps(cut, ensure_ascii=False)
    assert not is_too_deep(clean({"a": [1, {"b": 2}]}))
