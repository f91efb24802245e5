"""Errors that go together (P5): residual correlations, held against those of all pairs of judges."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy.sparse import csr_array

from orchestrator.collusion.evidence import Flags, Floats
from orchestrator.collusion.matrix.answers import Answer, Family, bh, spread_of, unknown, upper
from orchestrator.collusion.matrix.facets import Facets

FEWEST_PAIRS, FEWEST_SHARED = 6, 20
MOST_JUDGES = 2000
EXCESS = 0.1
TEST = ("correlation of residuals (of errors, where gold is known) against the median and median deviation of "
        "all pairs with the same vendor relation (t); Benjamini-Hochberg")  # fmt: skip


@dataclass(frozen=True)
class Dependence:
    """The correlation of errors of every pair of judges."""

    judges: tuple[str, ...]
    correlation: Floats
    shared: Floats
    """How many responses both judged."""


def correlate(facets: Facets) -> Dependence:
    """Return how errors go together: against gold where all of it is known, else residuals."""
    matrix = facets.matrix
    gold = matrix.gold
    if len(gold) and not np.isnan(gold).any() and matrix.is_verdict:
        error = (1 - matrix.value) - gold
    else:
        error = facets.residual
    known = np.isfinite(error)
    judge, response, error = matrix.judge[known], facets.response[known], error[known]
    judges = len(matrix.judges)
    n = np.maximum(np.bincount(judge, minlength=judges), 1)
    error = error - (np.bincount(judge, weights=error, minlength=judges) / n)[judge]
    shape = (judges, facets.responses)
    errors = csr_array((error, (judge, response)), shape)
    there = csr_array((np.ones(len(error)), (judge, response)), shape)
    squares = csr_array((error**2, (judge, response)), shape)
    products = (errors @ errors.T).toarray()
    mine = (squares @ there.T).toarray()
    shared = (there @ there.T).toarray()
    scale = np.sqrt(mine * mine.T)
    correlation = np.divide(products, scale, out=np.zeros_like(products), where=scale > 1e-9)
    return Dependence(matrix.judges, np.clip(correlation, -0.999, 0.999), shared)


def cliques(facets: Facets, left_out: set[int]) -> list[Answer]:
    """P5: two judges err together beyond what is usual among pairs like them."""
    matrix = facets.matrix
    if len(matrix.judges) > MOST_JUDGES:
        return [unknown("P5", f"more than {MOST_JUDGES:,} judges")]
    found = correlate(facets)
    scored = found.correlation.diagonal() > 0.5
    i, j = np.nonzero(np.triu(found.shared >= FEWEST_SHARED, 1) & scored[:, None] & scored[None, :])
    kept = ~np.isin(i, list(left_out)) & ~np.isin(j, list(left_out))
    i, j = i[kept], j[kept]
    if len(i) < FEWEST_PAIRS:
        return [unknown("P5", f"{len(i)} pairs of judges share {FEWEST_SHARED} responses: with fewer than "
                        f"{FEWEST_PAIRS} nothing is known about what is usual")]  # fmt: skip
    r, n = found.correlation[i, j], found.shared[i, j]
    vendor = np.array([matrix.vendor.get(name, "") for name in matrix.judges])
    one = (vendor[i] == vendor[j]) & (vendor[i] != "")
    usual, z, freedom, half = _hold(r, n, one)
    p = upper(z, freedom)
    alarms = bh(p) & (r - usual > EXCESS)
    family = Family(
        "P5", [(matrix.judges[a], matrix.judges[b]) for a, b in zip(i, j, strict=True)], p,
        r - usual, half, n, 0.3,
        "correlation of errors above the median of pairs like them", TEST,
    )  # fmt: skip
    return family.answers(alarms, usual=round(float(np.median(usual)), 3),
                          under_independence=_independent(r, n))  # fmt: skip


def communities(found: Dependence) -> list[set[str]]:
    """Return the groups of judges whose errors go together more than with the others."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(found.judges)
    middle = float(np.median(found.correlation[np.triu_indices(len(found.judges), 1)]))
    for i, j in zip(*np.triu_indices(len(found.judges), 1), strict=True):
        weight = float(found.correlation[i, j]) - middle
        if weight > 0:
            graph.add_edge(found.judges[i], found.judges[j], weight=weight)
    return [set(group) for group in nx.community.louvain_communities(graph, seed=0)]


def _hold(r: Floats, n: Floats, one: Flags) -> tuple[Floats, Floats, Floats, Floats]:
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
        beyond = max(spread_of(fisher[alike]) ** 2 - float(np.median(noise[alike])), 0.0)
        total = np.sqrt(beyond + noise[mine])
        z[mine] = (fisher[mine] - middle) / total
        usual[mine] = np.tanh(middle)
        freedom[mine] = min(max(float(alike.sum()) - 1, 3.0), 20.0)
        half[mine] = 1.96 * total
    return usual, z, freedom, half


def _independent(r: Floats, n: Floats) -> str:
    """Say what a null of independence would have flagged, which is why it is not used."""
    z = np.arctanh(r) * np.sqrt(np.maximum(n - 3, 1))
    flagged = int(bh(upper(z, 1e6)).sum())
    return f"{flagged} of {len(r)} pairs would alarm if honest judges were taken to err independently"
