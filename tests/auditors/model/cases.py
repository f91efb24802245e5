"""Cases for tests of what auditors are shown."""

from __future__ import annotations

from typing import Any

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import Trace
from orchestrator.domain.action import Action, Justification, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Hit, Verdict

NONCE = "0123456789abcdef"


def make_case(
    *arguments: dict[str, Any],
    tool: str = "send_money",
    results: tuple[str, ...] = (),
    user: tuple[str, ...] = (),
    message: str | None = None,
    reasoning: str | None = None,
    justification: Justification | None = None,
    hits: tuple[Hit, ...] = (),
    local: tuple[Verdict, ...] = (),
) -> Case:
    """Return a case of one turn with a call for each of `arguments`, after calls with `results`."""
    trace = make_trace()
    for text in user:
        trace.hear(text)
    for place, text in enumerate(results):
        look = Action(id=f"e{place}", tool="read_file", arguments={"path": f"notes-{place}.txt"})
        trace.take(Turn(index=place, actions=(look,)), frozenset({look.id}))
        trace.observe(Observation(action=look.id, content=text), look)
    actions = tuple(
        Action(id=f"a{place}", tool=tool, arguments=given) for place, given in enumerate(arguments)
    )
    turn = Turn(
        index=len(results),
        message=message,
        reasoning=reasoning,
        justification=justification,
        actions=actions,
    )
    return Case(
        turn=turn,
        open=tuple(action.id for action in actions),
        history=trace.look(),
        hits=hits,
        local=local,
        kinds={tool: "payment"},
        clauses=(("C1", "Do no harm."),),
    )


def make_trace(task: str = "Pay my rent of 1200 EUR to Bob Stone") -> Trace:
    """Return the trace of a run that begins."""
    return Trace(RunFacts(agent="a", seed="s", profile="default", task=task))
