"""Groups of judges whose errors go together: a picture beside the pairs of P5, never an alarm.

Whether there are groups at all, and which, are two questions. The first is asked of the largest
eigenvalue that is left once the factor all judges share is taken off, against what noise alone
makes of it (Tracy and Widom's law in Johnstone 2001, after Marchenko and Pastur). For the second
each judge is joined to those its errors go together with most, so that a loose group and a tight
one are both seen; their number grows with the logarithm of the judges, as von Luxburg's tutorial
advises. Groups are Louvain's, averaged over resampled items, at the resolution at which they
depend least on which items were drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from orchestrator.collusion.evidence import Floats
from orchestrator.collusion.matrix.dependence import (
    Dependence,
    Errors,
    given_all,
    less_likeness,
    read_errors,
)
from orchestrator.collusion.matrix.facets import Facets
from orchestrator.collusion.matrix.reading import Codes

FEWEST_JUDGES, MOST_JUDGES = 6, 300
FEWEST_SHARED = 50
DRAWS = 12
RESOLUTIONS = (0.7, 1.0, 1.4, 2.0)
CHANCE = 2.0234
"""The 99 % point of the Tracy-Widom law of real matrices."""


@dataclass(frozen=True)
class Communities:
    """The groups, every judge in exactly one, and how alike they come out of resampled items."""

    groups: tuple[tuple[str, ...], ...]
    stability: float | None = None
    """Mean adjusted Rand index between draws; none where there is one group."""


def show(found: Communities | None) -> dict[str, Any]:
    """Return what stands in the evidence of P5: all groups of two or more, and how stable."""
    if found is None:
        return {}
    groups = [list(group) for group in found.groups if len(group) > 1]
    return {"groups": groups, "stability": found.stability}


def find_communities(facets: Facets) -> Communities | None:
    """Return groups of judges; one of all where nothing tells them apart, None if too thin."""
    matrix = facets.matrix
    if not FEWEST_JUDGES <= len(matrix.judges) <= MOST_JUDGES:
        return None
    errors = read_errors(facets)
    found = errors.correlate()
    i, j = np.triu_indices(len(found.judges), 1)
    shared = found.shared[i, j]
    if shared.min() < FEWEST_SHARED or found.correlation.diagonal().min() < 0.5:
        return None
    if not _is_structured(found, errors.level, float(np.median(shared))):
        return Communities((found.judges,))
    group, stability = _group(errors, len(found.judges))
    names = [tuple(found.judges[at] for at in np.flatnonzero(group == each))
             for each in range(int(group.max()) + 1)]  # fmt: skip
    return Communities(tuple(sorted(names, key=len, reverse=True)), stability)


def _is_structured(found: Dependence, level: Floats, items: float) -> bool:
    """Tell whether more than one common factor is at work."""
    judges = len(found.judges)
    i, j = np.triu_indices(judges, 1)
    alike = less_likeness(found.correlation[i, j], np.abs(level[i] - level[j]))
    even = np.eye(judges)
    even[i, j] = even[j, i] = alike
    left = np.eye(judges)
    left[i, j] = left[j, i] = given_all(even, i, j)
    a, b = math.sqrt(items - 1), math.sqrt(judges)
    edge = ((a + b) ** 2 + CHANCE * (a + b) * (1 / a + 1 / b) ** (1 / 3)) / items
    return bool(np.linalg.eigvalsh(left)[-1] > edge)


def _group(errors: Errors, judges: int) -> tuple[Codes, float]:
    rng = np.random.default_rng(0)
    items = errors.items
    graphs = []
    for _ in range(DRAWS):
        weight = np.bincount(rng.integers(items, size=items), minlength=items).astype(float)
        graphs.append(_neighbours(errors.correlate(weight).correlation))
    mean = np.mean(graphs, axis=0)
    best, kept = -1.0, np.zeros(judges, dtype=np.int64)
    for resolution in RESOLUTIONS:
        drawn = [_louvain(graph, resolution) for graph in graphs]
        alike = [_rand(one, other) for at, one in enumerate(drawn) for other in drawn[:at]]
        stability = round(float(np.mean(alike)), 2)
        if stability >= best:
            best, kept = stability, _louvain(mean, resolution)
    return kept, best


def _neighbours(correlation: Floats) -> Floats:
    """Join each judge to its nearest; 2 where two are each other's."""
    judges = len(correlation)
    count = max(math.ceil(math.log(judges)), 2)
    far = correlation.copy()
    np.fill_diagonal(far, -np.inf)
    nearest = np.argsort(-far, axis=1, kind="stable")[:, :count]
    joined = np.zeros((judges, judges))
    joined[np.arange(judges)[:, None], nearest] = 1.0
    return joined + joined.T


def _louvain(graph: Floats, resolution: float) -> Codes:
    group = np.zeros(len(graph), dtype=np.int64)
    found = nx.community.louvain_communities(
        nx.from_numpy_array(graph), resolution=resolution, seed=0
    )
    for at, members in enumerate(found):
        group[list(members)] = at
    return group


def _rand(one: Codes, other: Codes) -> float:
    """Return the adjusted Rand index; 0 where either puts all judges together or all apart."""
    ends = (0, len(one) - 1)
    if one.max() in ends or other.max() in ends:
        return 0.0
    table = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (one, other), 1.0)
    both, rows, columns = (
        float((n * (n - 1) / 2).sum()) for n in (table, table.sum(axis=1), table.sum(axis=0))
    )
    usual = rows * columns / (len(one) * (len(one) - 1) / 2)
    return (both - usual) / ((rows + columns) / 2 - usual)
