"""Check that a quote stands where it is said to stand; a claim without one counts for nothing."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.material import read_material
from orchestrator.auditors.model.reply import ClaimGiven
from orchestrator.auditors.model.sieve import View
from orchestrator.domain.action import Action
from orchestrator.domain.verdict import Claim


def check_claims(
    given: Iterable[ClaimGiven],
    case: Case,
    action: Action,
    *,
    look: str = "second",
    words: bool = True,
    view: View = "full",
) -> tuple[Claim, ...]:
    """Return the claims as recorded, each marked by whether its quote was found.

    `look`, `words` (whether the rubric sees the agent's) and `view` say what was shown: a quote of
    anything else proves nothing.
    """
    claims = tuple(given)
    if not claims:
        return ()
    quotable = read_material(case, look, words=words, view=view).quotable(action)
    return tuple(
        Claim(
            text=claim.text,
            quote=claim.quote,
            source=claim.source,
            side=claim.side,
            verified=quotable.holds(claim.quote, claim.source),
        )
        for claim in claims
    )
