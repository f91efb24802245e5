from __future__ import annotations

import json

from orchestrator.auditors.model.trace import FIRST_STEPS, LAST_STEPS
from orchestrator.domain.action import Action, Observation, Turn
from tests.auditors.model.cases import make_trace

LONG = "w" * 50_000


def test_ten_thousand_turns_take_no_more_than_a_few() -> None:
    trace = make_trace()
    for place in range(10_000):
        deep = {
            "path": f"/srv/f{place}",
            "text": LONG if place % 100 == 0 else "",
            "in": [{"a": 1}],
        }
        action = Action(id=f"x{place}", tool="write_file", arguments=deep)
        trace.take(Turn(index=place, actions=(action,)), frozenset())
        trace.hear("go on" * 3_000)
        if place % 3:
            trace.observe(Observation(action=action.id, content="r" * 10_000), action)
    history = trace.look()
    assert len(history.steps) == FIRST_STEPS + LAST_STEPS
    assert history.left_out == 10_000 - len(history.steps)
    assert history.effects and history.effects[-1].number == 10_000 - LAST_STEPS - 1
    size = len(json.dumps([step.model_dump(mode="json") for step in history.steps]))
    assert size < 60_000 and sum(map(len, history.user)) < 33_000
    held = vars(trace)["_waiting"]
    assert len(held) <= FIRST_STEPS + LAST_STEPS, "calls without a result are not awaited for ever"


def test_a_late_result_of_a_shown_call_is_kept() -> None:
    trace = make_trace()
    actions = [Action(id=f"x{n}", tool="t", arguments={}) for n in range(16)]
    for place, action in enumerate(actions):
        trace.take(Turn(index=place, actions=(action,)), frozenset())
    for action in actions:
        trace.observe(Observation(action=action.id, content=f"of {action.id}"), action)
    steps = trace.look().steps
    assert [step.result for step in steps] == [f"of x{step.number}" for step in steps]
    assert all(step.ran for step in steps), "what gave a result ran, whatever was decided"
