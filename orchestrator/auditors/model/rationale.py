"""Ask one auditor whether the rationale of another, whose name it never learns, holds."""

from __future__ import annotations

import dataclasses
import json
from importlib import resources
from typing import Any

from pydantic import Field

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.prompt import expected_control, write_prompt
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.domain.value import Value
from orchestrator.domain.verdict import Scored, Verdict
from orchestrator.models.client import Message, Request


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
    rationale: dict[str, Any] = {
        "call": labels[verdict.action],
        "suspicion": round(opinion.suspicion * 100),
        "claims": [
            claim.model_dump(mode="json", include={"text", "quote", "source", "side"})
            for claim in opinion.claims
        ],
    }
    asked = write_prompt(
        rubric, case, nonce=nonce, auditor=auditor, look=verdict.look, reply=RationaleReply
    )
    said = json.dumps(rationale, ensure_ascii=True, indent=1)
    body = asked.messages[1].content.replace(
        f"\nEND {nonce}\n", f"\nRATIONALE {nonce}\n{said}\nEND {nonce}\n"
    )
    folder = resources.files("policies") / "auditors" / "instructions"
    text = (folder / "rationale.txt").read_text("utf-8").strip()
    return dataclasses.replace(
        asked,
        messages=(
            Message(role="system", content=f"{rubric.text}\n\n{text}"),
            Message(role="user", content=body),
        ),
    )


def is_answered(reply: RationaleReply, case: Case, nonce: str) -> bool:
    """Say whether the control question was answered rightly; else the reply counts for nothing."""
    return reply.control.strip() == expected_control(nonce, case)
