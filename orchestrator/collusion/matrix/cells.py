# Above 300 lines: pairs, vendors and reciprocity share one table of cells and its null.

"""Leniency of judges on ratees: pairs (P2), vendors (P3) and reciprocity (P4).

Every judge has likings that mean nothing, and with enough items each would be significant. What a
cell of judge and ratee is held against is therefore the population of cells: its noise, and the
spread of true likings that all judges have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import comb

from orchestrator.collusion.evidence import Flags, Floats, Q
from orchestrator.collusion.matrix.answers import Answer, Family, bh, spread_of, unknown, upper
from orchestrator.collusion.matrix.facets import Facets

FEWEST_CELLS, FEWEST_RATEES, FEWEST_JUDGES = 30, 6, 3
FEWEST_IN_CELL = 3
FEWEST_BLOCKS = 200
"""Arrangements below which a permutation cannot tell five in a hundred over several vendors."""
FEWEST_OWN = 6
PERMUTATIONS = 4000
MOST_DRAWN = 2_000_000
ROW_PRIOR = 10.0
MARGIN = 0.5
CELL_TEST = ("residual of judge and ratee after the judge's slope, errors clustered by item, "
             "against the robust spread of all cells (t); Benjamini-Hochberg")  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """Mean residuals of judges on ratees, NaN where there is none."""

    facets: Facets
    mean: Floats
    se: Floats
    n: Floats
    liking: Floats
    """Of each judge: the spread of likings among its cells that noise does not explain."""

    @property
    def z(self) -> Floats:
        """Return each cell in units of what is usual."""
        return np.asarray(self.mean / np.sqrt(self.se**2 + self.liking[:, None] ** 2))

    @property
    def freedom(self) -> float:
        """Return the degrees of freedom of the population of likings, never taken as many."""
        judges, ratees = (int(self.known.any(axis=axis).sum()) for axis in (1, 0))
        return float(min(max((judges - 1) * (ratees - 2) / 4, 5.0), 25.0))

    @property
    def known(self) -> Flags:
        """Return which cells have enough rows."""
        return np.isfinite(self.mean)

    def why_not(self) -> str:
        """Say why leniency cannot be told from slope here, or nothing."""
        used = self.known
        ratees, judges = int(used.any(axis=0).sum()), int(used.any(axis=1).sum())
        if judges < FEWEST_JUDGES:
            return (f"{judges} judges with items in common: with fewer than {FEWEST_JUDGES} nobody "
                    "can say which of two that differ is lenient")  # fmt: skip
        if ratees < FEWEST_RATEES:
            return (f"{ratees} ratees: with fewer than {FEWEST_RATEES} a judge's liking for one "
                    "cannot be told from its slope, how far it spreads good and bad")  # fmt: skip
        if used.sum() < FEWEST_CELLS:
            return f"{int(used.sum())} cells of judge and ratee are too few to know what is usual"
        return ""


@dataclass(frozen=True)
class _Vendor:
    """One hypothesis of P3: a vendor, its own cells, and the chance of as much by lot."""

    name: str
    cells: Flags
    p: float


def make_cells(facets: Facets) -> Cells:
    """Return the cells of a fitted matrix, with row and column medians taken off."""
    matrix = facets.matrix
    shape = (len(matrix.judges), len(matrix.ratees))
    known = np.isfinite(facets.residual)
    at = (matrix.judge * shape[1] + matrix.ratee)[known]
    left = facets.residual[known]
    size = shape[0] * shape[1]
    n = np.bincount(at, minlength=size).astype(float)
    mean = np.bincount(at, weights=left, minlength=size) / np.maximum(n, 1)
    inner = np.bincount(at, weights=(left - mean[at]) ** 2, minlength=size)
    judge = np.repeat(np.arange(shape[0]), shape[1])
    # A few rows say little about their own spread: it is drawn to that of the judge, and where the
    # judge has few as well, to that of all.
    spare = np.bincount(judge, weights=np.maximum(n - 1, 0))
    usual = float(inner.sum()) / max(float(spare.sum()), 1.0)
    pooled = (np.bincount(judge, weights=inner) + 20 * usual) / (spare + 20)
    variance = (inner + 8 * pooled[judge]) / (np.maximum(n - 1, 0) + 8)
    mean[n < FEWEST_IN_CELL] = np.nan
    se = np.sqrt(np.maximum(variance, 1e-6) / np.maximum(n, 1)).reshape(shape)
    centred = _centre(mean.reshape(shape))
    return Cells(facets, centred, se, n.reshape(shape), _liking(centred, se))


def pairs(cells: Cells, explained: set[tuple[int, int]]) -> list[Answer]:
    """P2: one judge is kinder to one ratee than judges are to ratees."""
    if why := cells.why_not():
        return [unknown("P2", why)]
    at = [(j, r) for j, r in np.argwhere(cells.known).tolist() if (j, r) not in explained]
    j, r = (np.array(each) for each in zip(*at, strict=True))
    matrix = cells.facets.matrix
    total = np.sqrt(cells.se[j, r] ** 2 + cells.liking[j] ** 2)
    p = upper(cells.z[j, r], cells.freedom)
    family = Family(
        "P2", [(matrix.judges[a], matrix.ratees[b]) for a, b in at], p, cells.mean[j, r],
        1.96 * total, cells.n[j, r], MARGIN,
        "kinder than the judge's slope and the population of cells explain, in standard deviations "
        "of quality", CELL_TEST, _Rows(cells, at),
    )  # fmt: skip
    return family.answers(bh(p))


def vendors(cells: Cells) -> tuple[list[Answer], set[tuple[int, int]]]:
    """P3: judges are kinder to ratees of their own vendor; also return the cells that explains."""
    own, blocks = _own(cells)
    naive = _naive(cells, own)
    if not own.any():
        return [unknown("P3", "no judge shares a vendor or a name with a ratee")], set()
    if why := cells.why_not():
        return [unknown("P3", why, naive=naive)], set()
    rng = np.random.default_rng(0)
    tests = []
    for vendor, (rows, columns) in blocks.items():
        teams = [team for team in _teams(cells) if len(team) >= len(rows)]
        arrangements = sum(comb(len(team), len(rows)) for team in teams) * comb(
            cells.z.shape[1], len(columns)
        )
        if len(rows) * len(columns) >= 2 and arrangements >= FEWEST_BLOCKS:
            chance = _block_chance(cells, rows, columns, teams, rng)
            tests.append(_Vendor(vendor, _only(own, rows, columns), chance))
    alarms = bh(np.array([test.p for test in tests]))
    explained = np.zeros_like(own)
    for at in np.flatnonzero(alarms):
        explained |= tests[at].cells
    rest = own & ~explained
    if rest.any(axis=1).sum() >= FEWEST_OWN:
        tests.append(_Vendor("all vendors", rest, _own_chance(cells, rest, rng)))
        alarms = np.append(alarms, tests[-1].p < Q / 2)
        explained = explained | (rest & alarms[-1])
    if not tests:
        why = (f"{own.any(axis=1).sum()} judges with a ratee of their own vendor, and no "
               f"vendor with "
               "several cells: too few to be told from chance; such cells are among the "
               "pairs")  # fmt: skip
        return [unknown("P3", why, naive=naive)], set()
    family = Family(
        "P3", [(test.name,) for test in tests], np.array([test.p for test in tests]),
        np.array([float(np.nanmean(cells.mean[test.cells])) for test in tests]),
        np.array([_half(cells, test.cells) for test in tests]),
        np.array([float(cells.n[test.cells].sum()) for test in tests]), MARGIN,
        "kinder to its own vendor than slopes explain, in standard deviations of quality",
        f"draws of judges of one vendor and of ratees ({PERMUTATIONS:,} draws), first by vendor "
        "(Benjamini-Hochberg), then over those that raised no alarm",
    )  # fmt: skip
    cells_explained = {(j, r) for j, r in np.argwhere(explained).tolist()}
    return family.answers(alarms, naive=naive), cells_explained


def reciprocal(cells: Cells) -> list[Answer]:
    """P4: two judges that are also ratees are kinder to each other, both ways."""
    if why := cells.why_not():
        return [unknown("P4", why)]
    matrix = cells.facets.matrix
    column = {name: at for at, name in enumerate(matrix.ratees)}
    both = [(j, column[name]) for j, name in enumerate(matrix.judges) if name in column]
    z, ways = cells.z, []
    for at, (one, own) in enumerate(both):
        ways += [(one, s, k, own) for k, s in both[at + 1 :] if np.isfinite(z[one, s] + z[k, own])]
    if len(ways) < FEWEST_RATEES:
        return [unknown("P4", "too few judges are ratees as well")]
    j, s, k, r = (np.array(each) for each in zip(*ways, strict=True))
    weaker = np.minimum(z[j, s], z[k, r])
    # One way may be a lenient pair by itself; else chance would have to strike twice.
    alone = _is_lenient(cells)
    p = np.where(alone[j, s] | alone[k, r], 1.0, upper(weaker, cells.freedom))
    p = p * upper(weaker, cells.freedom)
    total = np.sqrt(np.maximum(cells.se[j, s], cells.se[k, r]) ** 2 + cells.liking[j] ** 2)
    family = Family(
        "P4", [(matrix.judges[a], matrix.judges[b]) for a, _, b, _ in ways], p,
        np.minimum(cells.mean[j, s], cells.mean[k, r]), 1.96 * total,
        np.minimum(cells.n[j, s], cells.n[k, r]), MARGIN,
        "the weaker of the two likings, in standard deviations of quality; correlation of likings "
        f"over all pairs {float(np.corrcoef(z[j, s], z[k, r])[0, 1]):+.2f}",
        CELL_TEST + ", of the weaker direction",
    )  # fmt: skip
    return family.answers(bh(p))


def _is_lenient(cells: Cells) -> Flags:
    """Return which cells raise an alarm as pairs."""
    found = np.zeros_like(cells.known)
    found[cells.known] = bh(upper(cells.z[cells.known], cells.freedom))
    return found


def _centre(mean: Floats) -> Floats:
    """Take off what a judge is to all and what all are to a ratee, where there are enough."""
    centred = mean.copy()
    for axis in (1, 0):
        middle = np.array([_middle(row) for row in np.moveaxis(centred, axis, -1)])
        centred = centred - np.expand_dims(middle, axis)
    return centred


def _middle(row: Floats) -> float:
    """Return the mean without the largest and the smallest; 0 where there are fewer than four."""
    kept = np.sort(row[np.isfinite(row)])
    return float(kept[1:-1].mean()) if len(kept) >= 4 else 0.0


def _liking(mean: Floats, se: Floats) -> Floats:
    """Return each judge's spread of likings, drawn to that of all."""
    known = np.isfinite(mean)
    if not known.any():
        return np.zeros(len(mean))

    judges, ratees = (int(known.any(axis=axis).sum()) for axis in (1, 0))
    # A line for each judge and a level for each ratee were fitted to these same cells.
    lost = np.sqrt(judges * ratees / max((judges - 1) * (ratees - 2), 1))

    def beyond(at: Flags) -> float:
        return float(max((spread_of(mean[at]) * lost) ** 2 - float(np.median(se[at] ** 2)), 0.0))

    everyone = max(beyond(known), 0.05 * float(np.median(se[known] ** 2)))
    found = np.full(len(mean), everyone)
    for j in range(len(mean)):
        mine = known[j]
        count = int(mine.sum())
        if count >= 4:
            at = np.zeros_like(known)
            at[j] = mine
            found[j] = (count * max(beyond(at), 0.5 * everyone) + ROW_PRIOR * everyone) / (
                count + ROW_PRIOR
            )
    return np.asarray(np.sqrt(found))


def _own(cells: Cells) -> tuple[Flags, dict[str, tuple[list[int], list[int]]]]:
    """Return the cells within a vendor, and the judges and ratees of each vendor.

    Where no vendor is given, a judge's vendor is its name: itself as a ratee is its own.
    """
    matrix = cells.facets.matrix
    judge = [matrix.vendor.get(name) or name for name in matrix.judges]
    merged = {**matrix.vendor, **matrix.ratee_vendor}
    ratee = [merged.get(name) or name for name in matrix.ratees]
    own = np.array([[j == r for r in ratee] for j in judge]) & cells.known
    blocks: dict[str, tuple[list[int], list[int]]] = {}
    for vendor in sorted(set(judge) & set(ratee)):
        rows = [at for at, each in enumerate(judge) if each == vendor and own[at].any()]
        columns = [at for at, each in enumerate(ratee) if each == vendor and own[:, at].any()]
        if rows and columns:
            blocks[vendor] = (rows, columns)
    return own, blocks


def _only(own: Flags, rows: Sequence[int], columns: Sequence[int]) -> Flags:
    chosen = np.zeros_like(own)
    chosen[np.ix_(rows, columns)] = True
    return own & chosen


def _block(values: Floats) -> Floats:
    """Return each block's mean without its largest cell, which alone would be a pair."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    top = np.where(known, values, -np.inf).max(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1) - np.where(count > 1, top, 0.0)
    return np.asarray(np.where(count > 0, total / np.maximum(count - (count > 1), 1), 0.0))


def _teams(cells: Cells) -> list[list[int]]:
    """Return the judges of each vendor; those without one are each a team."""
    matrix = cells.facets.matrix
    teams: dict[str, list[int]] = {}
    for at, name in enumerate(matrix.judges):
        teams.setdefault(matrix.vendor.get(name) or name, []).append(at)
    return list(teams.values())


def _block_chance(
    cells: Cells, rows: Sequence[int], columns: Sequence[int], teams: Sequence[Sequence[int]],
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """Return how often as many judges of one vendor are as kind to as many ratees drawn at random.

    Of one vendor: judges of one model err alike, on whatever items a ratee happens to have, and
    the mean of judges of different vendors would look too steady beside theirs.
    """
    z = cells.z
    seen = float(_block(z[np.ix_(rows, columns)].ravel()))
    ways = np.array([comb(len(team), len(rows)) for team in teams])
    most = max(map(len, teams))
    members = np.array([[*team, *[-1] * (most - len(team))] for team in teams])
    hits = 0
    for drawn in _batches(max(sum(z.shape), len(rows) * len(columns))):
        team = rng.choice(len(teams), size=drawn, p=ways / ways.sum())
        seats = members[team]
        places = np.argsort(rng.random(seats.shape) - (seats >= 0), axis=1)[:, : len(rows)]
        some = np.take_along_axis(seats, places, axis=1)
        others = np.argsort(rng.random((drawn, z.shape[1])), axis=1)[:, : len(columns)]
        blocks = z[some[:, :, None], others[:, None, :]].reshape(drawn, -1)
        hits += int((_block(blocks) >= seen).sum())
    return (1 + hits) / (1 + PERMUTATIONS)


def _own_chance(cells: Cells, own: Flags, rng: np.random.Generator) -> float:
    """Return how often the vendors of the ratees, drawn at random, give as much.

    Those of the judges stay: judges of one vendor err alike.
    """
    known = cells.known
    z = np.where(known, cells.z, 0.0)
    seen = float(z[own].sum()) / max(int((own & known).sum()), 1)
    # Of each ratee, the sum and the count over the judges of the ratee it is exchanged for.
    total, count = z.T @ own, known.T.astype(float) @ own
    ratee = np.arange(z.shape[1])
    hits = 0
    for drawn in _batches(len(ratee)):
        as_if = np.argsort(rng.random((drawn, len(ratee))), axis=1)
        n = count[ratee, as_if].sum(axis=1)
        hits += int(((n > 0) & (total[ratee, as_if].sum(axis=1) >= seen * n)).sum())
    return (1 + hits) / (1 + PERMUTATIONS)


def _batches(size: int) -> Iterator[int]:
    """Split the permutations so that none needs much memory."""
    most = max(MOST_DRAWN // max(size, 1), 1)
    for done in range(0, PERMUTATIONS, most):
        yield min(most, PERMUTATIONS - done)


def _half(cells: Cells, at: Any) -> float:
    total = cells.se[at] ** 2 + np.broadcast_to(cells.liking[:, None] ** 2, cells.se.shape)[at]
    total = total[np.isfinite(cells.mean[at])]
    return float(1.96 * np.sqrt(total.mean() / len(total))) if len(total) else float("inf")


def _naive(cells: Cells, own: Flags) -> dict[str, float]:
    """Return how much higher judges score their own than the other judges do, slopes ignored.

    For comparison only: no alarm rests on it.
    """
    matrix = cells.facets.matrix
    at = own[matrix.judge, matrix.ratee]
    response = cells.facets.response
    total = np.bincount(response, weights=matrix.value)
    count = np.bincount(response)
    others = (total[response] - matrix.value) / np.maximum(count[response] - 1, 1)
    found = {}
    for j in np.unique(matrix.judge[at]):
        mine = at & (matrix.judge == j) & (count[response] > 1)
        if mine.any():
            found[matrix.judges[j]] = round(float((matrix.value - others)[mine].mean()), 4)
    return found


class _Rows(Sequence[Any]):
    """The lines of the file behind each cell, looked up only for those that are shown."""

    def __init__(self, cells: Cells, at: list[tuple[int, int]]) -> None:
        self._matrix, self._at = cells.facets.matrix, at

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, at: Any) -> Any:
        j, r = self._at[at]
        return self._matrix.row[(self._matrix.judge == j) & (self._matrix.ratee == r)]
