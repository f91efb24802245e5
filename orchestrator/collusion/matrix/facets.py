"""The many-facet model: what each judge does with quality, before anybody is called lenient.

A score is `a_judge + b_judge * quality + residual`, the quality of a response (a ratee on an item)
being what all judges together say of it. A judge that spreads its scores more (a larger slope b)
seems to favour good ratees and one that spreads them less to favour bad ones; only what is left
when that is taken off can be leniency. A judge's residuals are always taken against the quality
that the *other* judges see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.collusion.evidence import Floats
from orchestrator.collusion.matrix.reading import Codes, Matrix

SWEEPS = 40
FEWEST_ROWS, FEW_ROWS = 10, 2.0
"""A judge with fewer rows is not fitted; rows' worth of belief that its slope is the usual one."""
BINS = 6
PSEUDO = 12.0
FEWEST_PRIOR = 8.0
"""Ratees' worth of belief that the slope between ratees is the slope within them."""


@dataclass(frozen=True)
class Facets:
    """The fitted model with one residual for each row of the matrix."""

    matrix: Matrix
    response: Codes
    """Of each row: which ratee on which item."""
    responses: int
    slope: Floats
    """Of each judge, 1 in the mean; 0 for one whose scores follow nothing."""
    slope_se: Floats
    spread: Floats
    """Standard deviation of each judge's residuals."""
    others: Floats
    """Of each row: the quality the other judges see, NaN where there are none."""
    residual: Floats
    """In units of quality: above zero is kinder than the judge is to such responses."""


def fit(matrix: Matrix) -> Facets:
    """Fit slopes and residuals; the scores must not all be equal."""
    _, response = np.unique(matrix.ratee * len(matrix.items) + matrix.item, return_inverse=True)
    count = int(response.max()) + 1
    judges = len(matrix.judges)
    value = (matrix.value - matrix.value.mean()) / matrix.value.std()
    fitted = _alternate(matrix.judge, response, value, judges, count)
    others, _ = _without_self(matrix.judge, response, value, count, *fitted)
    slope, se, spread, residual = _residuals(matrix, value, others, judges)
    return Facets(matrix, response, count, slope, se, spread, others, residual)


def _alternate(
    judge: Codes, response: Codes, value: Floats, judges: int, count: int
) -> tuple[Floats, Floats, Floats]:
    """Return intercept, slope and precision of each judge, by turns with the qualities."""
    a = _mean(judge, value, judges)
    b = np.ones(judges)
    precision = np.ones(judges)
    shown = np.bincount(judge, minlength=judges)
    for _ in range(SWEEPS):
        others, theta = _without_self(judge, response, value, count, a, b, precision)
        theta = theta - theta.mean()
        known = ~np.isnan(others)
        x, y, j = others[known], value[known], judge[known]
        n = np.maximum(np.bincount(j, minlength=judges), 1)
        mean_x, mean_y = (np.bincount(j, weights=w, minlength=judges) / n for w in (x, y))
        dx, dy = x - mean_x[j], y - mean_y[j]
        sxx = np.bincount(j, weights=dx * dx, minlength=judges)
        sxy = np.bincount(j, weights=dx * dy, minlength=judges)
        prior = 5.0 * max(float(theta.var()), 1e-6)
        b = np.clip((sxy + prior) / (sxx + prior), 0.0, 4.0)
        b = b / max(float(np.average(b, weights=np.maximum(shown, 1e-9))), 1e-6)
        a = mean_y - b * mean_x
        left = np.bincount(j, weights=(y - a[j] - b[j] * x) ** 2, minlength=judges) / n
        usual = max(float(np.median(left[n > 1])) if (n > 1).any() else 1.0, 1e-6)
        # No judge may rule alone because the consensus has come to follow it.
        precision = 1 / np.clip(left, 0.5 * usual, 8 * usual)
    return a, b, precision


def _without_self(
    judge: Codes, response: Codes, value: Floats, count: int, a: Floats, b: Floats, w: Floats
) -> tuple[Floats, Floats]:
    """Return the quality of each row's response as the others see it, and as all do."""
    gain = w * b
    top = np.bincount(response, weights=gain[judge] * (value - a[judge]), minlength=count)
    weight = (gain * b)[judge]
    bottom = np.bincount(response, weights=weight, minlength=count)
    theta = top / np.maximum(bottom, 1e-9)
    # Shrunk by how sure it is: what few or noisy judges say of a response is worth less.
    variance = max(float(theta.var()) - float(np.mean(1 / np.maximum(bottom, 1e-3))), 0.05)
    rest_top = top[response] - gain[judge] * (value - a[judge])
    rest = bottom[response] - weight
    alone = rest < 1e-6
    others = np.where(alone, np.nan, rest_top / np.maximum(rest + 1 / variance, 1e-9))
    return others, top / (bottom + 1 / variance)


def _residuals(
    matrix: Matrix, value: Floats, others: Floats, judges: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Fit each judge to what the others see: one slope within ratees, one between them."""
    slope, se, spread = np.zeros(judges), np.full(judges, np.inf), np.full(judges, np.nan)
    residual = np.full(len(value), np.nan)
    order = np.argsort(matrix.judge, kind="stable")
    ends = np.searchsorted(matrix.judge[order], np.arange(judges + 1))
    doubt = FEW_ROWS * float(np.nanvar(others)) if np.isfinite(others).any() else 0.0
    for j in range(judges):
        mine = order[ends[j] : ends[j + 1]]
        mine = mine[~np.isnan(others[mine])]
        if len(mine) < FEWEST_ROWS or np.ptp(others[mine]) < 1e-9:
            continue
        x, y, ratee = others[mine], value[mine], matrix.ratee[mine]
        slope[j], se[j] = _line(x, y)
        left = _two_slopes(x, y, ratee, doubt)
        left -= _by_bins(x, left, ratee)
        spread[j] = left.std()
        residual[mine] = left
    middle = float(np.median(slope[np.isfinite(se)])) if np.isfinite(se).any() else 1.0
    scale = middle if middle > 1e-3 else 1.0
    slope, se = slope / scale, se / scale
    steep = np.clip(slope, 0.4, 2.5)
    return slope, se, spread / steep, residual / steep[matrix.judge]


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Return slope and standard error, whatever the spread at each x."""
    dx = x - x.mean()
    square = float(dx @ dx)
    b = float(dx @ y) / square
    left = y - y.mean() - b * dx
    return b, float(np.sqrt(((dx * left) ** 2).sum() * len(x) / max(len(x) - 2, 1))) / square


def _two_slopes(x: Floats, y: Floats, ratee: Codes, doubt: float) -> Floats:
    """Return what remains of y after a line between ratees and one within them.

    `doubt` is how firmly the usual slope is believed: rows of a judge times their spread.
    """
    names, group = np.unique(ratee, return_inverse=True)
    n = np.bincount(group)
    between, level = (np.bincount(group, weights=v) / n for v in (x, y))
    within = x - between[group]
    inner = y - level[group]
    square = float(within @ within)
    b = (float(within @ inner) + doubt + 1e-9) / (square + doubt + 1e-9)
    # Between ratees: reweighted, so that one favoured ratee does not tilt the line it is held to.
    weight = np.ones(len(names))
    a, steep = float(np.average(level)), b
    for _ in range(15):
        centre_x, centre_y = np.average(between, weights=weight), np.average(level, weights=weight)
        dx = between - centre_x
        prior = FEWEST_PRIOR * float(between.var())
        steep = float((weight * dx) @ (level - centre_y) + prior * b) / (
            float((weight * dx) @ dx) + prior + 1e-12
        )
        a = float(centre_y - steep * centre_x)
        off = np.abs(level - a - steep * between)
        scale = max(1.4826 * float(np.median(off)), 1e-6)
        weight = np.minimum(1.0, 1.5 * scale / np.maximum(off, 1e-12))
    return np.asarray(y - a - steep * between[group] - b * within)


def _by_bins(x: Floats, left: Floats, ratee: Codes) -> Floats:
    """Return the bend of the line: what is left in each sixth of x by most ratees, shrunk."""
    edges = np.quantile(x, np.linspace(0, 1, BINS + 1)[1:-1])
    at = np.searchsorted(edges, x)
    bend = np.zeros(BINS)
    for each in range(BINS):
        inside = at == each
        if not inside.any():
            continue
        _, group, n = np.unique(ratee[inside], return_inverse=True, return_counts=True)
        means = np.bincount(group, weights=left[inside]) / n
        middle = np.median(means) if len(means) >= 4 else float(left[inside].mean())
        bend[each] = middle * n.sum() / (n.sum() + PSEUDO)
    return bend[at]


def _mean(group: Codes, value: Floats, count: int) -> NDArray[np.float64]:
    n = np.maximum(np.bincount(group, minlength=count), 1)
    return np.asarray(np.bincount(group, weights=value, minlength=count) / n)
