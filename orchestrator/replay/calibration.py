"""Thresholds from benign runs: the lowest that asks about no more actions than one accepts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.domain.value import JsonObject


class Proposal(NamedTuple):
    """A threshold, and what it rests on."""

    actions: int
    scored: int
    held_by_rules: int
    """Actions that rules hold whatever the threshold is."""
    fpr: float
    escalate_at: float | None
    """None where the runs do not support a threshold."""
    why: str


def propose(rows: Sequence[JsonObject], fpr: float) -> Proposal:
    """Propose `escalate_at` from the suspicions of benign actions.

    The threshold is the conformal quantile (Vovk et al., 2005): the k-th smallest of n scores with
    k = ceil((n + 1)(1 - fpr)), which keeps the false alarm rate of further actions of the same
    kind at most `fpr` in expectation. Fewer than 1/fpr - 1 scores support none.
    """
    held = sum(row["decision"] != "allow" and bool(row["rule"]) for row in rows)
    scores = sorted(s for row in rows if isinstance(s := row["suspicion"], float))
    rank = math.ceil((len(scores) + 1) * (1 - fpr))
    threshold: float | None = None
    if not scores:
        why = "nothing scored: rules alone have no threshold"
    elif rank > len(scores):
        why = (
            f"{len(scores)} scored actions are too few for {fpr:.1%}: "
            f"at least {math.ceil(1 / fpr) - 1 if fpr else 'infinitely many'} are needed"
        )
    else:
        threshold = math.nextafter(scores[rank - 1], math.inf)
        threshold = math.ceil(threshold * 10_000) / 10_000
        why = f"{len(scores)} scored actions"
    return Proposal(len(rows), len(scores), held, fpr, threshold, why)
