"""Write the prompt of an auditor: our instructions, facts we vouch for, and the rest as data.

The first message is equal for all prompts of a rubric, so that providers can cache it. What the
agent or a tool wrote comes last, JSON inside delimiters that nobody could foresee.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.encoding import frame, lay_out
from orchestrator.auditors.model.facts import write_facts
from orchestrator.auditors.model.instructions import read_instructions
from orchestrator.auditors.model.material import Material, asked, read_material
from orchestrator.auditors.model.reply import VerdictReply
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.auditors.model.sieve import Sieve, View
from orchestrator.domain.panel import PooledClaim
from orchestrator.domain.value import JsonObject, Value
from orchestrator.models.client import Message, Request

SECOND = "second"
VIEWS: tuple[View, ...] = ("full", "plain")
TOKENS_PER_CALL = 192
MOST_TOKENS = 8_192


def write_prompt(
    rubric: Rubric,
    case: Case,
    *,
    nonce: str,
    auditor: str,
    look: str = "first",
    round: int = 0,
    claims: Sequence[PooledClaim] = (),
    reply: type[Value] = VerdictReply,
    view: View = "full",
) -> Request:
    """Return the prompt for one look at `case`; equal input gives equal prompts.

    In the `plain` view text that may speak to auditors is left out, beside what never is shown.
    """
    extra: dict[str, Any] = {}
    if claims:
        sieve = Sieve("plain")
        extra["claims_of_others"] = [sieve.pass_on(c.model_dump(mode="json")) for c in claims]
    return write_about(
        rubric,
        case,
        nonce=nonce,
        auditor=auditor,
        look=look,
        round=round,
        instructions="debate" if claims else "verdict",
        extra=extra,
        ask=f"Judge {_name(case)} now.",
        reply=reply,
        view=view,
    )


def write_views(
    rubric: Rubric,
    case: Case,
    *,
    nonce: str,
    auditor: str,
    look: str = "first",
    extra: JsonObject | None = None,
) -> tuple[tuple[View, str, Request], ...]:
    """Return the prompts of a look, each with its view and nonce: a second one where it differs.

    `extra` is more data.
    """
    words = "words" in rubric.front.sees
    full, plain = (read_material(case, look, words=words, view=view) for view in VIEWS)
    write = functools.partial(
        _compose,
        rubric,
        case,
        auditor=auditor,
        look=look,
        ask=f"Judge {_name(case)} now.",
        extra=extra,
    )
    first: tuple[View, str, Request] = ("full", nonce, write(full, nonce=nonce))
    if not plain.lacks_more:
        return (first,)
    other = other_nonce(nonce)
    return first, ("plain", other, write(plain, nonce=other))


def write_about(
    rubric: Rubric,
    case: Case,
    *,
    nonce: str,
    auditor: str,
    look: str,
    instructions: str,
    ask: str,
    reply: type[Value],
    extra: JsonObject | None = None,
    round: int = 0,
    view: View = "full",
) -> Request:
    """Return a question about `case`: `extra` is more data, `ask` a last line of ours."""
    return _compose(
        rubric,
        case,
        read_material(case, look, words="words" in rubric.front.sees, view=view),
        nonce=nonce,
        auditor=auditor,
        look=look,
        instructions=instructions,
        ask=ask,
        reply=reply,
        extra=extra or {},
        round=round,
    )


def _compose(
    rubric: Rubric,
    case: Case,
    material: Material,
    *,
    nonce: str,
    auditor: str,
    look: str,
    ask: str,
    instructions: str = "verdict",
    reply: type[Value] = VerdictReply,
    extra: JsonObject | None = None,
    round: int = 0,
) -> Request:
    facts = _lay_out_facts(rubric, case, material)
    data = material.write(extra) if extra else material.text
    system = f"{rubric.text}\n\n{read_instructions(instructions)}"
    return Request(
        messages=(
            Message(role="system", content=system),
            Message(role="user", content=frame(facts, data, nonce, ask)),
        ),
        reply=reply,
        max_tokens=min(MOST_TOKENS, 2_048 + TOKENS_PER_CALL * (len(asked(case)) - 1)),
        auditor=auditor,
        look=look,
        round=round,
    )


def _lay_out_facts(rubric: Rubric, case: Case, material: Material) -> str:
    """Return the facts as text: made once for all auditors with the same rubric."""
    if rubric.hash not in material.facts:
        material.facts[rubric.hash] = lay_out(write_facts(rubric, case, material))
    return material.facts[rubric.hash]


def expected_control(nonce: str, case: Case) -> str:
    """Return the answer to the control question: only the instructions say how it is made."""
    return f"{nonce[-4:]}-{len(asked(case))}"


def other_nonce(nonce: str) -> str:
    """Return the nonce of the second view, as unforeseeable as `nonce` to who does not know it."""
    return hashlib.sha256(f"plain\0{nonce}".encode()).hexdigest()[: len(nonce)]


def _name(case: Case) -> str:
    labels = [label for label, _ in asked(case)]
    return f"call {labels[0]}" if len(labels) == 1 else f"calls {labels[0]} to {labels[-1]}"
