from __future__ import annotations

from orchestrator.domain.action import Action
from orchestrator.oversight.coverage import REMEMBERED_RESULTS, Releases


def action(name: str, call: str | None = None) -> Action:
    return Action(id=name, call_id=call or name, tool="t")


def test_each_way_around_the_guard_is_named_and_counted() -> None:
    releases = Releases()
    releases.add(action("a"), {"x": 1})
    releases.add(action("b"), None)
    releases.add(action("c"), {"x": 1})
    assert releases.settle("a", None, {"x": 1}, True)[1] is None
    assert releases.settle("a", None, None, True)[1] == "second_result"
    assert releases.settle("b", None, None, True)[1] == "not_released"
    assert releases.settle("c", None, {"x": 2}, True)[1] == "arguments_differ"
    assert releases.settle("d", None, None, True)[1] == "never_reviewed"
    assert (releases.coverage.observed, releases.coverage.bypassed) == (5, 4)
    assert releases.coverage.share == 1 / 5


def test_repeated_call_ids_are_answered_oldest_first() -> None:
    releases = Releases()
    releases.add(action("first", "same"), {})
    releases.add(action("second", "same"), {})
    answered = [releases.settle("same", None, None, True)[0] for _ in range(2)]
    assert [a.id for a in answered if a] == ["first", "second"]


def test_where_nothing_is_held_a_denied_action_that_ran_is_no_bypass() -> None:
    releases = Releases()
    releases.add(action("a"), None)
    assert releases.settle("a", None, None, False)[1] is None
    assert releases.settle("b", None, None, False)[1] == "never_reviewed"


def test_memory_is_bounded_by_what_is_open() -> None:
    releases = Releases()
    for number in range(REMEMBERED_RESULTS + 500):
        releases.add(action(str(number)), {})
        releases.settle(str(number), None, None, True)
    assert not releases.knows("0")
    assert releases.knows(str(REMEMBERED_RESULTS + 499))
    assert releases.coverage.bypassed == 0
