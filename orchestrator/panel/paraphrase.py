"""Claims in neutral words: a model's, where it keeps to the claims; else sentences of our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.rebuttal import LONGEST_TEXT, Reworded, ask_neutral
from orchestrator.domain.panel import PooledClaim
from orchestrator.domain.usage import Usage
from orchestrator.domain.verdict import Claim

QUOTATION = '"“”„‟«»‹›「」『』`\n\r'
"""Marks that a reworded claim has none of: it quotes nothing but what is quoted already."""


class Worded(NamedTuple):
    """Claims ready to be shown, who worded them, and what that took."""

    claims: tuple[PooledClaim, ...]
    by: str
    """Name of the paraphraser, or `templates`, and then perhaps why."""
    usage: Usage | None = None


async def word_claims(
    claims: Mapping[str, Claim],
    call: str,
    neutral: ModelAuditor | None,
    *,
    names: Iterable[str],
    nonce: str,
    deadline_s: float,
) -> Worded:
    """Return `claims`, by id, about the call labelled `call`, in words that are nobody's.

    One flaw in what the model gives and all claims get our own sentences: nobody's stand out.
    `names` are words that would tell who speaks, e.g. of auditors and vendors.
    """
    plain = tuple(fill_template(id, claim, call) for id, claim in claims.items())
    if neutral is None or not claims:
        return Worded(plain, "templates")
    as_said = [
        PooledClaim(id=id, side=one.side, text=one.text, quote=one.quote, source=one.source)
        for id, one in claims.items()
    ]
    try:
        given = await ask_neutral(neutral, as_said, nonce=nonce, deadline_s=deadline_s)
    except Exception as error:
        return Worded(plain, f"templates: {type(error).__name__}: {error}")
    flaw = given.why or find_flaw(as_said, given.claims, names)
    if flaw:
        return Worded(plain, f"templates: {flaw}", given.usage)
    texts = {one.id: one.text.strip() for one in given.claims}
    reworded = tuple(one.model_copy(update={"text": texts[one.id]}) for one in as_said)
    return Worded(reworded, neutral.name, given.usage)


def fill_template(id: str, claim: Claim, call: str) -> PooledClaim:
    """Return a claim in our own words, which say only what was checked: the words and the side."""
    where = _PLACES.get(claim.source, claim.source)
    text = (
        f"A quoted passage in {where} is said to speak {claim.side.upper()} call {call}: "
        f"‹{claim.quote}›"
    )
    return PooledClaim(id=id, side=claim.side, text=text, quote=claim.quote, source=claim.source)


def find_flaw(asked: Sequence[PooledClaim], given: Sequence[Reworded], names: Iterable[str]) -> str:
    """Say what is wrong with reworded claims; empty where nothing is.

    The same claims, each with its quote letter by letter; a short line that quotes nothing else,
    names nobody and counts nobody.
    """
    quotes = {one.id: one.quote for one in asked}
    if sorted(one.id for one in given) != sorted(quotes):
        return "claims were added or left out"
    telling = [name.casefold() for name in names if name]
    for one in given:
        words = one.text.casefold()
        if one.quote != quotes[one.id]:
            return f"the quote of {one.id} was changed"
        if not 0 < len(one.text.strip()) <= LONGEST_TEXT:
            return f"the text of {one.id} is empty or too long"
        if any(mark in one.text for mark in QUOTATION) or not one.text.isprintable():
            return f"the text of {one.id} quotes, or has signs nobody sees"
        if any(name in words for name in telling):
            return f"the text of {one.id} names somebody"
        if any(word in _COUNTING for word in words.replace(",", " ").replace(".", " ").split()):
            return f"the text of {one.id} says how many say so"
    return ""


_COUNTING = frozenset({"auditor", "auditors", "majority", "minority", "unanimous", "unanimously",
                       "consensus", "votes", "voted", "others"})  # fmt: skip
_PLACES = {
    "task": "the task",
    "user": "the user's words",
    "arguments": "the arguments of a call",
    "result": "a tool result",
    "message": "the agent's message",
    "reasoning": "the agent's reasoning",
    "justification": "the agent's justification",
}
