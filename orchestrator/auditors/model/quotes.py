"""Check that a quote stands where it is said to stand; a claim without one counts for nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.material import read_material
from orchestrator.auditors.model.reply import ClaimGiven
from orchestrator.auditors.model.sieve import View
from orchestrator.domain.action import Action
from orchestrator.domain.verdict import Claim

SHORTEST = 3
"""Characters of a quote below which it proves nothing."""


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
    sources = gather_sources(case, action, look=look, words=words, view=view)
    return tuple(
        Claim(
            text=claim.text,
            quote=claim.quote,
            source=claim.source,
            side=claim.side,
            verified=stands_in(claim.quote, sources.get(claim.source, ())),
        )
        for claim in given
    )


def gather_sources(
    case: Case, action: Action, *, look: str = "second", words: bool = True, view: View = "full"
) -> Mapping[str, tuple[str, ...]]:
    """Return the texts a quote of each source may stand in, as an auditor of `case` saw them."""
    return read_material(case, look, words=words, view=view).quotable(action)


def stands_in(quote: str, texts: Iterable[str]) -> bool:
    """Say whether `quote` stands in one of `texts`, but for space, case and width of letters."""
    wanted = plain(quote)
    return len(wanted) >= SHORTEST and any(wanted in plain(text) for text in texts)


def plain(text: str) -> str:
    """Return `text` as quotes are compared: space, case and width of letters do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
