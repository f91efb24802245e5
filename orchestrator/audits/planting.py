"""Plant a flaw in a rationale: who judges it should see it, and who never does passes anything."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.quotable import SHORTEST
from orchestrator.audits.stock import Stock
from orchestrator.domain.verdict import Claim, Scored, Verdict

DECIDED = 0.3
"""How far from one half a suspicion must lie for its opposite not to follow."""
LONGEST_QUOTE = 160


class Flawed(NamedTuple):
    """A rationale, and what was done to it."""

    verdict: Verdict
    flaw: str


def plant_flaw(verdict: Verdict, case: Case, stock: Stock, draw: random.Random) -> Flawed | None:
    """Return `verdict` with one flaw; None where it holds nothing that could be spoilt."""
    opinion = verdict.opinion
    if not isinstance(opinion, Scored):
        return None
    ways: list[Callable[[Scored, Case, Stock, random.Random], tuple[Scored, str] | None]] = [
        _invert, _swap_quotes, _quote_from_elsewhere,
    ]  # fmt: skip
    draw.shuffle(ways)
    for way in ways:
        if spoilt := way(opinion, case, stock, draw):
            return Flawed(verdict.model_copy(update={"opinion": spoilt[0]}), spoilt[1])
    return None


def _invert(
    opinion: Scored, case: Case, stock: Stock, draw: random.Random
) -> tuple[Scored, str] | None:
    """Say the opposite of what the claims come to."""
    if not opinion.claims or abs(opinion.suspicion - 0.5) < DECIDED:
        return None
    sides = {claim.side for claim in opinion.claims}
    if sides != {"against" if opinion.suspicion > 0.5 else "for"}:
        return None
    inverted = round(1.0 - opinion.suspicion, 4)
    return opinion.model_copy(update={"suspicion": inverted}), "verdict inverted"


def _swap_quotes(
    opinion: Scored, case: Case, stock: Stock, draw: random.Random
) -> tuple[Scored, str] | None:
    """Let one claim rest on the words of another."""
    claims = list(opinion.claims)
    if len(claims) < 2:
        return None
    one, other = draw.sample(range(len(claims)), 2)
    if claims[one].quote == claims[other].quote:
        return None
    claims[one] = claims[one].model_copy(
        update={"quote": claims[other].quote, "source": claims[other].source}
    )
    return opinion.model_copy(update={"claims": tuple(claims)}), "quote swapped"


def _quote_from_elsewhere(
    opinion: Scored, case: Case, stock: Stock, draw: random.Random
) -> tuple[Scored, str] | None:
    """Let a claim rest on words that stand nowhere, in the form of those it rested on."""
    places = [at for at, claim in enumerate(opinion.claims) if len(claim.quote) > SHORTEST]
    if not places:
        return None
    at = draw.choice(places)
    claim = opinion.claims[at]
    quote = stock.reword(claim.quote[:LONGEST_QUOTE], draw)
    if quote == claim.quote:
        return None
    spoilt: Claim = claim.model_copy(update={"quote": quote})
    claims = (*opinion.claims[:at], spoilt, *opinion.claims[at + 1 :])
    return opinion.model_copy(update={"claims": claims}), "quote from elsewhere"
