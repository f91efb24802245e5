# Above 300 lines: the errors that are read, the pairs they make and their null belong together.

"""Errors that go together (P5): what two judges share beyond what each shares with all.

Honest judges agree because all see the same quality, and err together because the same things are
hard for all. Both are one factor: the correlation of two judges is about the product of their
loadings on it, fitted by medians so that a few copies do not bend it. What is left of a pair's
correlation is held against what is left of all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from orchestrator.collusion.evidence import Flags, Floats
from orchestrator.collusion.matrix.answers import Answer, Family, bh, unknown, upper
from orchestrator.collusion.matrix.facets import Facets
from orchestrator.collusion.matrix.reading import Codes

FEWEST_PAIRS, FEWEST_SPARE, FEWEST_SHARED = 6, 5, 20
MOST_JUDGES = 2000
FEW_JUDGES = 20
"""Up to here the null is drawn; beyond, Student's t with 20 degrees of freedom was no smaller."""
DRAWN_PAIRS = 20_000
FEW_ITEMS = 2
"""Items that no alarm may rest on."""
AS_ONE_MODEL = 0.43
"""Two honest prompts of one model go together as if the one copied the other that often: errors
of 65 judge configurations on LLMBar correlate at .575 within a model and .258 between vendors, and
(.575 - .258) / (1 - .258) is .43. A pair that shares less than that is no clique, however sure."""
SWEEPS = 25
ROWS_A_GROUP = 3
FEWEST_LINE = 15
TEST = ("correlation of scores (of errors, where gold is known) given the factor all judges "
        "share, against the median and median deviation of pairs with the same vendor "
        "relation (t, or among few judges panels drawn alike); Benjamini-Hochberg")  # fmt: skip


@dataclass(frozen=True)
class Dependence:
    """The correlation of errors of every pair of judges."""

    judges: tuple[str, ...]
    correlation: Floats
    shared: Floats
    """How many responses both judged."""


@dataclass(frozen=True)
class Pairs:
    """The pairs of judges that share enough responses."""

    judged: int
    """How many judges are in any pair."""
    i: Codes
    j: Codes
    n: Floats
    """Responses in common."""
    one: Flags
    """Whether they are of one vendor."""


@dataclass(frozen=True)
class Held:
    """What each pair is, held against pairs like it."""

    usual: Floats
    z: Floats
    freedom: Floats
    half: Floats
    """Half of a 95 % interval."""


@dataclass(frozen=True)
class Errors:
    """What each judge gets wrong on each response, with what it gets wrong throughout taken off."""

    judges: tuple[str, ...]
    error: csr_array
    there: csr_array
    """1 where a judge gave an answer."""
    item: Codes
    """Of each response."""
    items: int
    level: Floats
    """Of each judge: its mean verdict or score."""
    wrong: csr_array | None
    """1 where a verdict is wrong, or where gold is not known rejects; none for scores."""

    def correlate(self, weight: Floats | None = None) -> Dependence:
        """Return how errors go together; `weight` counts each item so many times."""
        counts = np.ones(len(self.item)) if weight is None else weight[self.item]
        products = ((self.error * counts) @ self.error.T).toarray()
        mine = ((self.error.power(2) * counts) @ self.there.T).toarray()
        shared = ((self.there * counts) @ self.there.T).toarray()
        scale = np.sqrt(np.maximum(mine * mine.T, 0.0))
        correlation = np.divide(products, scale, out=np.zeros_like(products), where=scale > 1e-9)
        return Dependence(self.judges, np.clip(correlation, -0.999, 0.999), shared)

    def without_closest(self, one: int, other: int) -> float:
        """Return the correlation of two judges but for the items on which they are most alike.

        Where errors are rare, one or two that coincide look like a strong correlation.
        """
        rows = (self.there[[one]] * self.there[[other]]).toarray().ravel() > 0
        x, y = (self.error[[at]].toarray().ravel()[rows] for at in (one, other))
        kept = np.argsort(x * y, kind="stable")[:-FEW_ITEMS]
        x, y = x[kept], y[kept]
        return float(x @ y / np.sqrt(max(float((x @ x) * (y @ y)), 1e-12)))

    def chance(self, one: int, other: int) -> float:
        """Return the chance of as many common errors by lot, exactly; 0 where none are counted.

        A correlation of few and rare errors is far from normal, and this is its least p-value.
        """
        if self.wrong is None:
            return 0.0
        rows = (self.there[[one]] * self.there[[other]]).toarray().ravel() > 0
        x, y = (self.wrong[[at]].toarray().ravel()[rows] > 0 for at in (one, other))
        n, a, b, both = int(rows.sum()), int(x.sum()), int(y.sum()), int((x & y).sum())
        ways = sum(math.comb(a, k) * math.comb(n - a, b - k) for k in range(both, min(a, b) + 1))
        return ways / math.comb(n, b)


def read_errors(facets: Facets, *, within: bool = False) -> Errors:
    """Return errors where all of gold is known; else scores, which hold errors and quality.

    With `within`, what a judge thinks of a ratee or an item throughout is taken off first, where
    there are rows enough: a few likings shared by chance would count once for every row.
    """
    matrix = facets.matrix
    gold = matrix.gold
    judge, response, error = matrix.judge, facets.response, matrix.value
    wrong = error < 0.5
    if matrix.is_verdict and len(gold) and not np.isnan(gold).any():
        # Within each answer that would be right: else all who err at all share the sign of gold.
        group = judge * 2 + (gold > 0.5)
        wrong = wrong != (gold > 0.5)
    else:
        group = judge
    error = _less_mean(error, group)
    if within:
        for other, count in ((matrix.ratee, len(matrix.ratees)), (matrix.item, len(matrix.items))):
            group = judge * count + other
            if len(np.unique(group)) * ROWS_A_GROUP <= len(group):
                error = _less_mean(error, group)
    judges = len(matrix.judges)
    shape = (judges, facets.responses)
    item = np.zeros(facets.responses, dtype=np.int64)
    item[response] = matrix.item
    shown = np.maximum(np.bincount(judge, minlength=judges), 1)
    return Errors(
        matrix.judges, csr_array((error, (judge, response)), shape),
        csr_array((np.ones(len(error)), (judge, response)), shape), item, len(matrix.items),
        np.bincount(judge, weights=matrix.value, minlength=judges) / shown,
        csr_array((wrong.astype(float), (judge, response)), shape) if matrix.is_verdict else None,
    )  # fmt: skip


def correlate(facets: Facets, *, within: bool = False) -> Dependence:
    """Return how the errors of every two judges go together."""
    return read_errors(facets, within=within).correlate()


def _less_mean(values: Floats, group: Codes) -> Floats:
    _, at, n = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(values - (np.bincount(at, weights=values) / n)[at])


def cliques(facets: Facets, left_out: set[int], **more: Any) -> list[Answer]:
    """P5: two judges err together beyond what is usual among pairs like them.

    `more` goes into the evidence.
    """
    matrix = facets.matrix
    if len(matrix.judges) > MOST_JUDGES:
        return [unknown("P5", f"more than {MOST_JUDGES:,} judges")]
    errors = read_errors(facets, within=True)
    found = errors.correlate()
    scored = found.correlation.diagonal() > 0.5
    i, j = np.nonzero(np.triu(found.shared >= FEWEST_SHARED, 1) & scored[:, None] & scored[None, :])
    kept = ~np.isin(i, list(left_out)) & ~np.isin(j, list(left_out))
    i, j = i[kept], j[kept]
    judged = len(np.union1d(i, j))
    if len(i) - judged < FEWEST_SPARE:
        why = (f"{len(i)} pairs of judges share {FEWEST_SHARED} responses, which is too few "
               f"to know "
               "what is usual: it takes five judges or more")  # fmt: skip
        return [unknown("P5", why)]
    vendor = np.array([matrix.vendor.get(name, "") for name in matrix.judges])
    one = (vendor[i] == vendor[j]) & (vendor[i] != "")
    r = given_all(found.correlation, i, j)
    r = less_likeness(r, np.abs(errors.level[i] - errors.level[j]))
    if one.sum() < FEWEST_PAIRS:
        # Too few of one vendor to see what such pairs share: what two prompts of one model do.
        r = r - np.where(one, AS_ONE_MODEL * (1 - found.correlation[i, j] + r), 0.0)
        one = np.zeros_like(one)
    pairs = Pairs(judged, i, j, found.shared[i, j], one)
    held = _hold(r, pairs)
    p = upper(held.z, held.freedom)
    if judged <= FEW_JUDGES:
        p = _against_drawn(held, pairs, found.correlation[i, j] - r)
    excess = r - held.usual
    copied = excess / np.maximum(1 - (found.correlation[i, j] - excess), 0.05)
    alarms = bh(p)
    for at in np.flatnonzero(alarms):
        p[at] = max(p[at], errors.chance(int(i[at]), int(j[at])))
    alarms &= bh(p) & (copied > AS_ONE_MODEL)
    explained = found.correlation[i, j] - excess
    for at in np.flatnonzero(alarms):
        left = errors.without_closest(int(i[at]), int(j[at]))
        alarms[at] = left - explained[at] > AS_ONE_MODEL * (1 - explained[at])
    family = Family(
        "P5", [(matrix.judges[a], matrix.judges[b]) for a, b in zip(i, j, strict=True)], p,
        copied, held.half / np.maximum(1 - found.correlation[i, j] + excess, 0.05), pairs.n,
        AS_ONE_MODEL,
        "share of judgements that go together beyond what pairs like them do, as if copied", TEST,
    )  # fmt: skip
    plain = correlate(facets).correlation
    more["usual"] = round(float(np.median(held.usual)), 3)
    more["under_independence"] = _independent(plain[i, j], pairs.n)
    return family.answers(alarms, **more)


def given_all(correlation: Floats, i: Codes, j: Codes) -> Floats:
    """Return the correlation of each pair given the one factor that all judges share.

    More axes before the last two are other matrices of the same pairs.
    """
    known = np.zeros(correlation.shape[-2:], dtype=bool)
    known[i, j] = known[j, i] = True
    between = correlation[..., i, j]
    start = np.sqrt(np.maximum(np.median(between, axis=-1), 0.01))
    load = np.where(known.any(axis=1), start[..., None], 0.0)
    for _ in range(SWEEPS):
        weight = np.where(known & (load > 0.02)[..., None, :], load[..., None, :], 0.0)
        ratio = np.divide(correlation, weight, out=np.full_like(correlation, np.inf),
                          where=weight > 0)  # fmt: skip
        some = weight.any(axis=-1)
        found = np.where(some, _weighted_median(ratio, weight), load)
        load = np.clip(0.5 * (found + load), 0.0, 0.97)
    # The square root of what would make it a partial correlation: two exact judges share little
    # that is not quality, and a small second thing in common would look like a large part of it.
    one, other = load[..., i], load[..., j]
    rest = ((1 - one**2) * (1 - other**2)) ** 0.25
    return np.asarray(np.clip((between - one * other) / rest, -0.99, 0.99))


def less_likeness(r: Floats, apart: Floats) -> Floats:
    """Take off what comes of two judges being equally strict, by a line held to outliers.

    Verdicts, and scores near the end of their scale, can only go together closely where both
    judges use them equally often.
    """
    if len(r) < FEWEST_LINE or np.ptp(apart) < 1e-9:
        return r
    weight = np.ones(len(r))
    line = np.zeros(len(r))
    for _ in range(15):
        x, y = np.average(apart, weights=weight), np.average(r, weights=weight)
        dx = apart - x
        line = (float((weight * dx) @ (r - y)) / float((weight * dx) @ dx + 1e-12)) * dx
        off = np.abs(r - y - line)
        weight = np.minimum(1.0, 1.3 * max(float(np.median(off)), 1e-6) / np.maximum(off, 1e-12))
    return np.clip(r - line, -0.99, 0.99)


def _weighted_median(values: Floats, weights: Floats) -> Floats:
    """Return the weighted median along the last axis; what has no weight must come last."""
    order = np.argsort(values, axis=-1)
    running = np.cumsum(np.take_along_axis(weights, order, -1), axis=-1)
    at = np.argmax(running >= running[..., -1:] / 2, axis=-1)[..., None]
    found = np.take_along_axis(values, np.take_along_axis(order, at, -1), -1)[..., 0]
    return np.where(np.isfinite(found), found, 0.0)


def _hold(r: Floats, pairs: Pairs) -> Held:
    """Hold each pair against its like; the axis before the last, if any, runs over panels."""
    fisher = np.arctanh(r)
    noise = 1 / np.maximum(pairs.n - 3, 1)
    usual, z, half = np.zeros_like(r), np.zeros_like(r), np.zeros_like(r)
    freedom = np.zeros(r.shape[-1])
    spare = len(pairs.i) - pairs.judged
    for related in (False, True):
        mine = pairs.one == related
        alike = mine if mine.sum() >= FEWEST_PAIRS else np.ones(len(mine), dtype=bool)
        if not mine.any():
            continue
        middle = np.median(fisher[..., alike], axis=-1, keepdims=True)
        off = np.median(np.abs(fisher[..., alike] - middle), axis=-1, keepdims=True)
        beyond = len(pairs.i) / spare * (1.4826 * off) ** 2 - float(np.median(noise[alike]))
        total = np.sqrt(np.maximum(beyond, 0.0) + noise[mine])
        z[..., mine] = (fisher[..., mine] - middle) / total
        usual[..., mine] = np.tanh(middle)
        half[..., mine] = 1.96 * total
        freedom[mine] = min(max(float(alike.sum()) * spare / len(pairs.i), 3.0), 20.0)
    return Held(usual, z, freedom, half)


def _against_drawn(held: Held, pairs: Pairs, explained: Floats) -> Floats:
    """Return p-values against panels as small as this one in which no pair stands out.

    Where judges are few, their loadings are fitted to nearly as many pairs: most residuals come
    out small, the spread with them, and one honest pair in dozens far outside. How far is seen
    by fitting drawn panels the same way: loadings as here, and the spread of pairs as here.
    """
    rng = np.random.default_rng(0)
    count = len(pairs.i)
    spread = held.half / 1.96
    panels = -(-DRAWN_PAIRS // count)
    made = np.arctanh(np.clip(explained, -0.97, 0.97)) + spread * rng.normal(size=(panels, count))
    _, at = np.unique(np.concatenate([pairs.i, pairs.j]), return_inverse=True)
    i, j = at[:count], at[count:]
    drawn = np.zeros((panels, pairs.judged, pairs.judged))
    drawn[:, i, j] = drawn[:, j, i] = np.tanh(made)
    z = np.sort(_hold(given_all(drawn, i, j), pairs).z, axis=None)
    above = len(z) - np.searchsorted(z, held.z)
    return np.asarray((1 + above) / (1 + len(z)))


def _independent(r: Floats, n: Floats) -> str:
    """Say what a null of independence would have flagged, which is why it is not used."""
    z = np.arctanh(r) * np.sqrt(np.maximum(n - 3, 1))
    flagged = int(bh(upper(z, 1e6)).sum())
    return (
        f"{flagged} of {len(r)} pairs would alarm if honest judges were taken to err independently"
    )
