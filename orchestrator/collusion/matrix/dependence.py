"""Errors that go together (P5): what two judges share beyond what each shares with all.

Honest judges agree because all see the same quality, and err together because the same things are
hard for all. Both are one factor: the correlation of two judges is about the product of their
loadings on it, fitted by medians so that a few copies do not bend it. What is left of a pair's
correlation is held against what is left of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy.sparse import csr_array

from orchestrator.collusion.evidence import Flags, Floats
from orchestrator.collusion.matrix.answers import Answer, Family, bh, spread_of, unknown, upper
from orchestrator.collusion.matrix.facets import Facets
from orchestrator.collusion.matrix.reading import Codes

FEWEST_PAIRS, FEWEST_SPARE, FEWEST_SHARED = 6, 5, 20
MOST_JUDGES = 2000
EXCESS = 0.3
"""Honest configurations of one model err together by about this much more than those of two: a pair
that shares less than that beyond the rest is no clique, however sure it is."""
SWEEPS = 25
ROWS_A_GROUP = 3
FEWEST_LINE = 15
TEST = ("correlation of scores (of errors, where gold is known) given the factor all judges "
        "share, against the median and median deviation of pairs with the same vendor "
        "relation (t); "
        "Benjamini-Hochberg")  # fmt: skip


@dataclass(frozen=True)
class Dependence:
    """The correlation of errors of every pair of judges."""

    judges: tuple[str, ...]
    correlation: Floats
    shared: Floats
    """How many responses both judged."""


def correlate(facets: Facets, *, within: bool = False) -> Dependence:
    """Return how errors go together, where all of gold is known; else how scores do.

    With `within`, what a judge thinks of a ratee or an item throughout is taken off first, where
    there are rows enough: a few likings shared by chance would count once for every row.
    """
    matrix = facets.matrix
    gold = matrix.gold
    if len(gold) and not np.isnan(gold).any() and matrix.is_verdict:
        error = (1 - matrix.value) - gold
    else:
        error = matrix.value
    known = np.isfinite(error)
    judge, response, error = matrix.judge[known], facets.response[known], error[known]
    judges = len(matrix.judges)
    error = _less_mean(error, judge)
    if within:
        ratee, item = matrix.ratee[known], matrix.item[known]
        for group in (judge * len(matrix.ratees) + ratee, judge * len(matrix.items) + item):
            if len(np.unique(group)) * ROWS_A_GROUP <= len(group):
                error = _less_mean(error, group)
    shape = (judges, facets.responses)
    errors = csr_array((error, (judge, response)), shape)
    there = csr_array((np.ones(len(error)), (judge, response)), shape)
    squares = csr_array((error**2, (judge, response)), shape)
    products = (errors @ errors.T).toarray()
    mine = (squares @ there.T).toarray()
    shared = (there @ there.T).toarray()
    scale = np.sqrt(np.maximum(mine * mine.T, 0.0))
    correlation = np.divide(products, scale, out=np.zeros_like(products), where=scale > 1e-9)
    return Dependence(matrix.judges, np.clip(correlation, -0.999, 0.999), shared)


def _less_mean(values: Floats, group: Codes) -> Floats:
    _, at, n = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(values - (np.bincount(at, weights=values) / n)[at])


def cliques(facets: Facets, left_out: set[int]) -> list[Answer]:
    """P5: two judges err together beyond what is usual among pairs like them."""
    matrix = facets.matrix
    if len(matrix.judges) > MOST_JUDGES:
        return [unknown("P5", f"more than {MOST_JUDGES:,} judges")]
    found = correlate(facets, within=True)
    scored = found.correlation.diagonal() > 0.5
    i, j = np.nonzero(np.triu(found.shared >= FEWEST_SHARED, 1) & scored[:, None] & scored[None, :])
    kept = ~np.isin(i, list(left_out)) & ~np.isin(j, list(left_out))
    i, j = i[kept], j[kept]
    spare = len(i) - len(np.union1d(i, j))
    if spare < FEWEST_SPARE:
        why = (f"{len(i)} pairs of judges share {FEWEST_SHARED} responses, which is too few "
               f"to know "
               "what is usual: it takes five judges or more")  # fmt: skip
        return [unknown("P5", why)]
    r, n = _given_all(found.correlation, i, j), found.shared[i, j]
    count = np.bincount(matrix.judge, minlength=len(matrix.judges))
    total = np.bincount(matrix.judge, weights=matrix.value, minlength=len(count))
    level = total / np.maximum(count, 1)
    r = _less_likeness(r, np.abs(level[i] - level[j]))
    vendor = np.array([matrix.vendor.get(name, "") for name in matrix.judges])
    one = (vendor[i] == vendor[j]) & (vendor[i] != "")
    usual, z, freedom, half = _hold(r, n, one, spare)
    p = upper(z, freedom)
    alarms = bh(p) & (r - usual > EXCESS)
    family = Family(
        "P5", [(matrix.judges[a], matrix.judges[b]) for a, b in zip(i, j, strict=True)], p,
        r - usual, half, n, 0.3,
        "correlation of errors above the median of pairs like them", TEST,
    )  # fmt: skip
    plain = correlate(facets).correlation
    return family.answers(alarms, usual=round(float(np.median(usual)), 3),
                          under_independence=_independent(plain[i, j], n))  # fmt: skip


def communities(found: Dependence) -> list[set[str]]:
    """Return groups of judges that share more than all do: Louvain on the largest quarter."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(found.judges)
    i, j = np.triu_indices(len(found.judges), 1)
    shared = _given_all(found.correlation, i, j)
    floor = float(np.quantile(shared, 0.75)) if len(shared) else 0.0
    for a, b, weight in zip(i, j, shared - floor, strict=True):
        if weight > 0:
            graph.add_edge(found.judges[a], found.judges[b], weight=float(weight))
    return [set(group) for group in nx.community.louvain_communities(graph, seed=0)]


def _given_all(correlation: Floats, i: Codes, j: Codes) -> Floats:
    """Return the correlation of each pair given the one factor that all judges share."""
    known = np.zeros(correlation.shape, dtype=bool)
    known[i, j] = known[j, i] = True
    members = np.flatnonzero(known.any(axis=1))
    load = np.zeros(len(correlation))
    load[members] = np.sqrt(max(float(np.median(correlation[i, j])), 0.01))
    for _ in range(SWEEPS):
        for each in members:
            others = np.flatnonzero(known[each] & (load > 0.02))
            if len(others):
                found = _weighted_median(correlation[each, others] / load[others], load[others])
                load[each] = min(max(0.5 * (found + load[each]), 0.0), 0.97)
    # The square root of what would make it a partial correlation: two exact judges share little
    # that is not quality, and a small second thing in common would look like a large part of it.
    rest = ((1 - load[i] ** 2) * (1 - load[j] ** 2)) ** 0.25
    return np.clip((correlation[i, j] - load[i] * load[j]) / rest, -0.99, 0.99)


def _less_likeness(r: Floats, apart: Floats) -> Floats:
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


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    return float(values[order[int(np.searchsorted(running, running[-1] / 2))]])


def _hold(r: Floats, n: Floats, one: Flags, spare: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Hold each pair against its like: usual value, z, degrees of freedom, half an interval."""
    fisher = np.arctanh(r)
    noise = 1 / np.maximum(n - 3, 1)
    usual, z, freedom, half = (np.zeros(len(r)) for _ in range(4))
    for related in (False, True):
        mine = one == related
        alike = mine if mine.sum() >= FEWEST_PAIRS else np.ones(len(r), dtype=bool)
        if not mine.any():
            continue
        middle = float(np.median(fisher[alike]))
        beyond = max(
            len(r) / spare * spread_of(fisher[alike]) ** 2 - float(np.median(noise[alike])), 0.0
        )
        total = np.sqrt(beyond + noise[mine])
        z[mine] = (fisher[mine] - middle) / total
        usual[mine] = np.tanh(middle)
        freedom[mine] = min(max(float(alike.sum()) * spare / len(r), 3.0), 20.0)
        half[mine] = 1.96 * total
    return usual, z, freedom, half


def _independent(r: Floats, n: Floats) -> str:
    """Say what a null of independence would have flagged, which is why it is not used."""
    z = np.arctanh(r) * np.sqrt(np.maximum(n - 3, 1))
    flagged = int(bh(upper(z, 1e6)).sum())
    return (
        f"{flagged} of {len(r)} pairs would alarm if honest judges were taken to err independently"
    )
