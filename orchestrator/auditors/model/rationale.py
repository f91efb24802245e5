"""Ask one auditor whether the rationale of another, whose name it never learns, holds."""

from __future__ import annotations

from pydantic import Field

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.prompt import SECOND, expected_control, write_about
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.domain.value import JsonObject, Value
from orchestrator.domain.verdict import Scored, Verdict
from orchestrator.models.client import Request


class RationaleReply(Value):
    """What is said of a rationale."""

    control: str
    quotes_hold: bool
    """Each quote stands where it is said to, and means there what is made of it."""
    follows: bool
    """The number is what the claims come to."""
    why: str = Field(max_length=400)


def write_rationale_prompt(
    rubric: Rubric, case: Case, *, verdict: Verdict, nonce: str, auditor: str
) -> Request:
    """Return the question whether `verdict`, a scored one on an open action of `case`, is sound.

    `auditor` is who is asked. The data holds no name, model or vendor of whose verdict it is, nor
    what we made of its quotes. ValueError for a verdict that has no number, or on no open action.
    """
    labels = {action.id: label for label, action in case.questions}
    opinion = verdict.opinion
    if not isinstance(opinion, Scored) or verdict.action not in labels:
        raise ValueError("only a scored verdict on an open action has a rationale")
    rationale: JsonObject = {
        "call": labels[verdict.action],
        "suspicion": round(opinion.suspicion * 100),
        "claims": [
            claim.model_dump(mode="json", include={"text", "quote", "source", "side"})
            for claim in opinion.claims
        ],
    }
    return write_about(
        rubric,
        case,
        nonce=nonce,
        auditor=auditor,
        look=SECOND if verdict.look == SECOND else "first",
        instructions="rationale",
        extra={"rationale": rationale},
        ask=f"Judge the rationale about call {labels[verdict.action]} now.",
        reply=RationaleReply,
    )


def is_answered(reply: RationaleReply, case: Case, nonce: str) -> bool:
    """Say whether the control question was answered rightly; else the reply counts for nothing."""
    return reply.control.strip() == expected_control(nonce, case)
