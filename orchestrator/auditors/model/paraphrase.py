"""Ask a neutral model to rewrite claims, so that nobody is known or believed by his style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from orchestrator.auditors.model.encoding import frame, lay_out
from orchestrator.auditors.model.instructions import read_instructions
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.auditors.model.sieve import Sieve
from orchestrator.domain.panel import PooledClaim
from orchestrator.domain.value import JsonObject, Value
from orchestrator.models.client import Message, Request


class ClaimRewritten(Value):
    """A claim in neutral words."""

    claim: str
    text: str = Field(max_length=400)


class ParaphraseReply(Value):
    """What a paraphraser answers."""

    control: str
    claims: tuple[ClaimRewritten, ...]


def write_paraphrase_prompt(
    rubric: Rubric, claims: Sequence[PooledClaim], *, nonce: str, auditor: str
) -> Request:
    """Return the question to rewrite `claims`; quotes are shown, for they must not be repeated."""
    sieve = Sieve("plain")
    data: JsonObject = {
        "claims": [sieve.pass_on(claim.model_dump(mode="json")) for claim in claims]
    }
    ask = "Rewrite the claims now."
    system = f"{rubric.text}\n\n{read_instructions('paraphrase')}"
    return Request(
        messages=(
            Message(role="system", content=system),
            Message(role="user", content=frame({"claims": len(claims)}, lay_out(data), nonce, ask)),
        ),
        reply=ParaphraseReply,
        auditor=auditor,
        look="paraphrase",
    )


def read_paraphrase(
    reply: ParaphraseReply, claims: Sequence[PooledClaim], nonce: str
) -> Mapping[str, str]:
    """Return new words by claim; none of a reply that failed the control question.

    A claim that was left out, rewritten twice or rewritten to something that speaks to auditors is
    not in it: whoever asked has words of his own for those.
    """
    if reply.control.strip() != f"{nonce[-4:]}-{len(claims)}":
        return {}
    given = [one.claim for one in reply.claims]
    known = {claim.id for claim in claims}
    sieve = Sieve("plain")
    return {
        one.claim: one.text
        for one in reply.claims
        if one.claim in known and given.count(one.claim) == 1 and sieve.lets_through(one.text)
    }
