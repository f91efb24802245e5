from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.decision import Outcome, strictest


@given(st.lists(st.sampled_from(Outcome)))
def test_the_strictest_wins_in_any_order(outcomes: list[Outcome]) -> None:
    expected = max((o.severity for o in outcomes), default=0)
    assert strictest(outcomes).severity == expected
    assert strictest(outcomes[::-1]) is strictest(outcomes)


def test_the_order_is_allow_modify_escalate_deny_terminate() -> None:
    names = ["allow", "modify", "escalate", "deny", "terminate"]
    assert [o.value for o in sorted(Outcome, key=lambda o: o.severity)] == names
    assert all(a.severity < b.severity for a, b in itertools.pairwise(Outcome))
    assert [o.value for o in Outcome if o.releases] == ["allow", "modify"]
