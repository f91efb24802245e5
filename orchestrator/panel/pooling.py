"""The claims a debate is about: pooled without names, near-duplicates removed, shown in balance."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from orchestrator.domain.panel import PooledClaim
from orchestrator.domain.verdict import Claim

SAME_WORDS = 0.6
"""Share of common words from which two quotes, or two wordings, are one."""
PART = 0.3
"""Share of a quote that another one inside it must have to be the same."""
MOST_A_SIDE = 3
"""Claims of one side a reader is shown in one round."""


class Pooled(NamedTuple):
    """A claim with those who hold it, who are never shown."""

    claim: Claim
    holders: frozenset[str]


def pool_claims(claims: Mapping[str, Sequence[Claim]]) -> tuple[Pooled, ...]:
    """Return the verified claims of all holders, near-duplicates as one, in an order of their own.

    The order comes from the words alone, so that it tells nothing of who spoke first. Of
    duplicates the one with the longest quote stands for all.
    """
    said = [(claim, who) for who, given in claims.items() for claim in given if claim.verified]
    pooled: list[Pooled] = []
    for claim, who in sorted(said, key=lambda one: (_rank(one[0]), one[1])):
        for place, known in enumerate(pooled):
            if is_duplicate(claim, known.claim):
                pooled[place] = known._replace(holders=known.holders | {who})
                break
        else:
            pooled.append(Pooled(claim, frozenset({who})))
    return tuple(pooled)


def name_claims(pooled: Iterable[Pooled], first: int = 1) -> dict[str, Claim]:
    """Return the claims by the ids that a debate knows them by."""
    return {f"C{number}": one.claim for number, one in enumerate(pooled, first)}


def is_duplicate(one: Claim, other: Claim) -> bool:
    """Say whether two claims of one side rest on the same words, or nearly, said alike."""
    if one.side != other.side or not _same_place(one, other):
        return False
    first, second = _plain(one.quote), _plain(other.quote)
    shorter, longer = sorted((first, second), key=len)
    if shorter in longer and len(shorter) >= PART * len(longer):
        return True
    alike = _common(one.text, other.text)
    return _common(first, second) >= SAME_WORDS and alike >= SAME_WORDS


def is_known(claim: Claim, known: Iterable[Claim]) -> bool:
    """Say whether somebody who has pointed at `known` has pointed at these words, for either side.

    Words inside known ones are known; so are words that hold little more than known ones.
    """
    wanted = _plain(claim.quote)
    for one in known:
        if not _same_place(one, claim):
            continue
        has = _plain(one.quote)
        if wanted in has or (has in wanted and len(has) >= PART * len(wanted)):
            return True
        if _common(wanted, has) >= SAME_WORDS:
            return True
    return False


def choose_shown(
    claims: Sequence[PooledClaim], new: Iterable[str], draw: random.Random
) -> tuple[PooledClaim, ...]:
    """Return which of the `new` ids a reader is shown: as many of each side, in a drawn order.

    Which ones does not hang on the draw: the first of each side, and the rest another round.
    """
    wanted = set(new)
    against = [claim for claim in claims if claim.id in wanted and claim.side == "against"]
    for_ = [claim for claim in claims if claim.id in wanted and claim.side == "for"]
    count = min(len(against), len(for_)) or MOST_A_SIDE
    shown = [*against[: min(count, MOST_A_SIDE)], *for_[: min(count, MOST_A_SIDE)]]
    draw.shuffle(shown)
    return tuple(shown)


def _rank(claim: Claim) -> tuple[str, int, str, str, str]:
    return (claim.side, -len(claim.quote), claim.source, claim.quote, claim.text)


def _same_place(one: Claim, other: Claim) -> bool:
    return _PLACES.get(one.source, one.source) == _PLACES.get(other.source, other.source)


_PLACES = {"task": "user"}
"""The task is the user's words."""


def _common(one: str, other: str) -> float:
    """Return the words two texts share as a share of all their words."""
    first, second = set(_plain(one).split()), set(_plain(other).split())
    return len(first & second) / len(first | second) if first or second else 1.0


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
