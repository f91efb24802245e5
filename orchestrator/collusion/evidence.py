"""E-values: evidence that stays valid while it is watched, whatever chooses the next test."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betaln, xlogy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BETS = np.array([0.1, 0.2, 0.35, 0.5, 0.7])
"""An e-process is the mean over these of prod(1 + bet * x), with E[x | past] <= 0 if innocent."""
Q = 0.05
"""False discovery rate of every type of finding."""
LOG_MOST = 300.0


def mixture(log_wealth: Floats) -> Floats:
    """Return the e-values of log wealths whose last axis runs over `BETS`."""
    return np.asarray(np.exp(np.minimum(log_wealth, LOG_MOST)).mean(axis=-1))


def step(x: float) -> Floats:
    """Return what a bet on `x` (at least -1) adds to each log wealth."""
    return np.asarray(np.log1p(BETS * x))


def e_bh(values: Floats, q: float = Q) -> Flags:
    """Return which hypotheses e-BH rejects; valid at any time and under any dependence."""
    count = len(values)
    order = np.argsort(-values, kind="stable")
    enough = values[order] >= count / (q * np.arange(1, count + 1))
    rejected = np.zeros(count, dtype=bool)
    if enough.any():
        rejected[order[: int(np.flatnonzero(enough)[-1]) + 1]] = True
    return rejected


def above(hits: Floats, trials: Floats, rate: float) -> Floats:
    """Return e-values against "each trial is a hit with chance at most `rate`".

    The likelihood averaged over all rates above it, divided by the likelihood at it.
    """
    a, b = 1.0 + hits, 1.0 + trials - hits
    tail = np.maximum(betaincc(a, b, rate), 1e-300)
    log_e = betaln(a, b) + np.log(tail) - math.log(1 - rate)
    log_e = log_e - hits * math.log(rate) - (trials - hits) * math.log(1 - rate)
    return np.asarray(np.exp(np.minimum(log_e, LOG_MOST)))


def rise(early: Floats, before: Floats, late: Floats, after: Floats) -> Floats:
    """Return log e-values against "the late rate is at most the early one", by hits and trials.

    The likelihood averaged over both rates, divided by that at the best common one, in whatever
    order the trials came; none where the late rate is not the higher.
    """
    hits, trials = early + late, before + after
    log_e = betaln(1 + early, 1 + before - early) + betaln(1 + late, 1 + after - late)
    log_e = log_e - xlogy(hits, hits / trials) - xlogy(trials - hits, 1 - hits / trials)
    return np.asarray(np.where(late * before > early * after, log_e, -np.inf))


def calibrated(p: float) -> float:
    """Return the e-value a p-value is worth, by the calibrator 1 / (2 sqrt p)."""
    return 0.5 / math.sqrt(max(p, 1e-300))


def wilson(hits: float, trials: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share, all of [0, 1] where nothing was tried."""
    if trials <= 0:
        return 0.0, 1.0
    z2 = 1.96**2
    middle = (hits + z2 / 2) / (trials + z2)
    p = hits / trials
    half = 1.96 * math.sqrt(max(p * (1 - p) / trials + z2 / (4 * trials**2), 0)) / (1 + z2 / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(more: float, less: float, trials: float) -> tuple[float, float, float]:
    """Return (more - less) / trials of paired outcomes with its 95 % interval."""
    if trials <= 0:
        return 0.0, -1.0, 1.0
    effect = (more - less) / trials
    spread = (more + less + 1) / (trials + 1) - effect**2
    half = 1.96 * math.sqrt(max(spread, 1 / (trials + 1)) / trials)
    return effect, max(-1.0, effect - half), min(1.0, effect + half)
