"""What one judge does alone in a matrix: the rubber stamp (P1) and absence (P12)."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from orchestrator.collusion.evidence import Floats, above, wilson
from orchestrator.collusion.matrix.answers import Answer, Family, bh, spread_of, unknown, upper
from orchestrator.collusion.matrix.facets import Facets
from orchestrator.collusion.matrix.reading import Matrix

FLAT = 0.35
"""A judge whose slope is less than this share of the usual one hardly follows quality."""
MISS = 0.40
DISCERNS = 0.25
"""Share of bad rejected minus share of good rejected, from which a judge tells them apart."""
WORST = 0.25
FEWEST = 20


def stamps(facets: Facets) -> list[Answer]:
    """P1: a judge approves whatever it is shown."""
    matrix = facets.matrix
    if matrix.gold_is_verdict and matrix.is_verdict and (matrix.gold == 1).sum() >= FEWEST:
        return _by_gold(matrix)
    return _by_slope(facets)


def _by_gold(matrix: Matrix) -> list[Answer]:
    """Hold what each judge misses of the known bad against what any auditor may miss."""
    judge, value, gold = matrix.raw
    judges = len(matrix.judges)

    def count(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
        return np.bincount(judge[chosen], minlength=judges).astype(float)

    bad, missed = count(gold == 1), count((gold == 1) & (value == 1))
    good, passed = count(gold == 0), count((gold == 0) & (value == 1))
    shown = np.maximum(bad, 1)
    with_gold = bad >= 5
    rate = missed / shown
    e = above(missed, bad, MISS)
    # Weak is not lenient: a stamp also passes the good, and hardly tells the two apart.
    discerns = passed / np.maximum(good, 1) - rate
    half = 1.96 * np.sqrt(rate * (1 - rate) / shown + 0.25 / np.maximum(good, 1))
    is_flat = (discerns + half < DISCERNS + 0.1) & (discerns < DISCERNS) & (good > 0)
    mostly = (passed + missed) / np.maximum(good + bad, 1) > 0.7
    p = np.where(is_flat & mostly & with_gold, np.minimum(1 / np.maximum(e, 1e-300), 1.0), 1.0)
    low, high = np.array([wilson(m, b) for m, b in zip(missed, bad, strict=True)]).T
    family = Family(
        "P1", [(name,) for name in matrix.judges], p, rate, (high - low) / 2, bad, 1.0,
        f"share of known-bad items approved, against {MISS:g}, by judges that approve most of "
        "everything and hardly tell good from bad",
        "truncated beta-binomial e-value, 1/e taken as p; Benjamini-Hochberg",
    )  # fmt: skip
    return family.answers(bh(p))


def _by_slope(facets: Facets) -> list[Answer]:
    """Without gold: a flat slope, and kind to what all others find worst."""
    matrix = facets.matrix
    judges = len(matrix.judges)
    fitted = np.isfinite(facets.slope_se)
    if fitted.sum() < 3:
        return [
            unknown("P1", "fewer than three judges share items, and nothing is known to be bad")
        ]
    known = np.isfinite(facets.others)
    cut = np.quantile(facets.others[known], WORST)
    worst = known & (facets.others <= cut)
    value = (matrix.value - matrix.value.mean()) / matrix.value.std()
    n = np.bincount(matrix.judge[worst], minlength=judges).astype(float)
    level = np.bincount(matrix.judge[worst], weights=value[worst], minlength=judges) / np.maximum(
        n, 1
    )
    square = np.bincount(matrix.judge[worst], weights=value[worst] ** 2, minlength=judges)
    error = np.sqrt(np.maximum(square / np.maximum(n, 1) - level**2, 0.05) / np.maximum(n, 1))
    steep = float(np.median(facets.slope[fitted]))
    se = np.where(fitted, facets.slope_se, np.inf)
    flat = (FLAT * steep - facets.slope) / np.maximum(se, 0.02)
    spread = max(spread_of(level[fitted & (n >= 5)]), 0.1)
    usual = float(np.median(level[fitted & (n >= 5)])) if (fitted & (n >= 5)).any() else 0.0
    kind = np.minimum(level / error, (level - usual) / np.sqrt(error**2 + spread**2) * 1.5)
    p = np.where(fitted & (n >= 5), np.maximum(upper(flat, 20.0), upper(kind, 20.0)), 1.0)
    family = Family(
        "P1", [(name,) for name in matrix.judges], p, np.where(fitted, facets.slope, 0.0),
        np.where(fitted, 1.96 * se, np.inf), n, 99.0,
        f"slope (1 = usual) below {FLAT:g}, by a judge that scores what the others find "
        f"worst above "
        "the mean of everything; alarms on a low slope, not a high one",
        "slope with errors clustered by response, and level on the worst quarter; the weaker "
        "of the two; Benjamini-Hochberg",
    )  # fmt: skip
    return family.answers(bh(p))


def absences(matrix: Matrix) -> list[Answer]:
    """P12: a judge gives no answer on one ratee in particular."""
    absent = matrix.asked.astype(float)
    if not absent.sum():
        return [
            unknown(
                "P12",
                "no row without a score: a missing row does not say whether the judge was asked",
            )
        ]
    given = np.zeros_like(absent)
    np.add.at(given, (matrix.judge, matrix.ratee), 1.0)
    total = given + absent
    overall = absent.sum() / total.sum()
    elsewhere = absent.sum(axis=1, keepdims=True) - absent + 5 * overall
    by_row = elsewhere / (total.sum(axis=1, keepdims=True) - total + 5)
    elsewhere = absent.sum(axis=0, keepdims=True) - absent + 5 * overall
    by_column = elsewhere / (total.sum(axis=0, keepdims=True) - total + 5)
    usual = np.minimum(np.maximum(by_row, by_column) + 0.02, 0.95)
    j, r = np.nonzero(total >= 5)
    if len(j) < 4:
        return [unknown("P12", "fewer than four cells of judge and ratee with five rows")]
    k, n, rate = absent[j, r], total[j, r], usual[j, r]
    p = np.where(k > 0, betainc(np.maximum(k, 1), n - np.maximum(k, 1) + 1, rate), 1.0)
    low, high = np.array([wilson(a, b) for a, b in zip(k, n, strict=True)]).T
    family = Family(
        "P12", [(matrix.judges[a], matrix.ratees[b]) for a, b in zip(j, r, strict=True)], p,
        k / n - rate, (high - low) / 2, n, 0.2,
        "share of rows without an answer above what judge and ratee have elsewhere",
        "binomial tail against the larger of judge's and ratee's rate elsewhere, plus .02; "
        "Benjamini-Hochberg",
    )  # fmt: skip
    return family.answers(bh(p))
