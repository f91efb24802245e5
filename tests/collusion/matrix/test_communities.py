"""Groups of judges: as many as were planted, and none where there are none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from orchestrator.collusion.evidence import Floats
from orchestrator.collusion.matrix.communities import Communities, find_communities
from orchestrator.collusion.matrix.facets import fit
from orchestrator.collusion.matrix.reading import Matrix

ITEMS = 300


def blocks(sizes: Sequence[int], seed: int, within: float = 0.3) -> Floats:
    """Return wrong answers: judges of unequal strictness that share what is hard for all.

    Judges of a block share as much again.
    """
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    judges = len(group)
    load = np.exp(rng.normal(0, 0.35, (judges, 1)))
    latent = (
        load * np.sqrt(0.3) * rng.normal(size=ITEMS)
        + np.sqrt(within) * rng.normal(size=(len(sizes), ITEMS))[group]
        + np.sqrt(0.7 - within) * rng.normal(size=(judges, ITEMS))
    )
    return np.asarray(latent > rng.normal(0, 0.5, (judges, 1)), dtype=float)


def find(wrong: Floats) -> Communities | None:
    judges, items = wrong.shape
    judge, item = (np.ravel(each) for each in np.indices(wrong.shape))
    gold = (np.arange(items) % 2).astype(float)
    verdict = np.abs(wrong - gold)  # 1 = rejects
    value = (1 - verdict).ravel()
    matrix = Matrix(
        tuple(f"j{n}" for n in range(judges)), ("r",), tuple(f"q{n}" for n in range(items)),
        judge, np.zeros(len(judge), np.int64), item, value, gold[item], np.arange(len(judge)),
        True, True, {}, {}, np.zeros((judges, 1), np.int64), len(judge),
        raw=(judge, value, gold[item]),
    )  # fmt: skip
    return find_communities(fit(matrix))


def alike(sizes: Sequence[int], found: Communities) -> float:
    """Return the share of pairs of judges that are rightly together or apart."""
    planted = np.repeat(np.arange(len(sizes)), sizes)
    group = np.zeros(len(planted))
    for at, names in enumerate(found.groups):
        group[[int(name[1:]) for name in names]] = at
    i, j = np.triu_indices(len(planted), 1)
    return float(((group[i] == group[j]) == (planted[i] == planted[j])).mean())


PLANTED = [(15, 15), (8, 8, 8, 8), (6,) * 9, (20, 12, 8, 6), (15, 10, 8, 8, 6, 6, 5, 5, 5)]


@pytest.mark.parametrize("sizes", PLANTED, ids=str)
def test_the_blocks_that_were_planted_are_the_groups(sizes: tuple[int, ...]) -> None:
    for seed in range(2):
        found = find(blocks(sizes, seed))
        assert found is not None and abs(len(found.groups) - len(sizes)) <= 1 + len(sizes) // 8
        assert alike(sizes, found) >= 0.95


@pytest.mark.parametrize("judges", [8, 20, 50])
def test_where_only_one_thing_is_shared_there_are_no_groups(judges: int) -> None:
    found = [find(blocks((1,) * judges, seed, within=0.0)) for seed in range(8)]
    assert sum(each is not None and len(each.groups) > 1 for each in found) <= 1


def test_few_judges_and_thin_matrices_have_no_answer() -> None:
    wrong = blocks((2, 2), 0)
    assert find(wrong) is None
    assert find(blocks((5, 5), 0)[:, :30]) is None
