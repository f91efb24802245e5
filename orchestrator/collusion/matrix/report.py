"""Everything that can be said about a verdict matrix, and everything that cannot."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.collusion.findings import PATTERNS
from orchestrator.collusion.matrix.answers import Answer, unknown
from orchestrator.collusion.matrix.cells import make_cells, pairs, reciprocal, vendors
from orchestrator.collusion.matrix.communities import find_communities, show
from orchestrator.collusion.matrix.dependence import cliques
from orchestrator.collusion.matrix.facets import Facets, fit
from orchestrator.collusion.matrix.judges import absences, stamps
from orchestrator.collusion.matrix.reading import Matrix

LIVE_ONLY = {
    "P6": "a matrix does not say which earlier verdicts a judge had seen",
    "P7": "a matrix does not say which items were canaries and which real with a trusted label",
    "P8": "it needs verdicts on the same text re-rendered",
    "P9": "a matrix has no order in time",
    "P10": "it needs the claims of a debate",
    "P11": "it needs the judges' reasons",
    "P13": "it needs verdicts with and without the justification",
}
DEGENERATE = (FloatingPointError, RuntimeWarning, np.linalg.LinAlgError)
TOO_THIN = "the matrix is too thin or too uniform for this test: its numbers break down"
FITTED = ("P1", "P2", "P3", "P4", "P5")


@dataclass(frozen=True)
class Report:
    """The answers about one matrix."""

    matrix: Matrix
    answers: tuple[Answer, ...]
    judges: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return what `graph import --json` prints."""
        matrix = self.matrix
        return {
            "version": 1,
            "input": {
                "rows": matrix.rows, "judges": len(matrix.judges), "ratees": len(matrix.ratees),
                "items": len(matrix.items), "gold": int((~np.isnan(matrix.gold)).sum()),
                "notes": list(matrix.notes),
            },
            "findings": [_clean(answer.as_dict()) for answer in self.answers],
            "judges": [_clean(judge) for judge in self.judges],
        }  # fmt: skip


def examine(matrix: Matrix) -> Report:
    """Test every pattern a static matrix can show; the rest is not identified, with why."""
    # Empty cells and constant judges are met one by one; a warning is a number left unchecked.
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        answers, facets = _answer(matrix)
        judges = tuple(_judge(matrix, facets, at) for at in range(len(matrix.judges)))
    order = {pattern: at for at, pattern in enumerate(PATTERNS)}
    answers.sort(key=lambda a: (a.finding.status != "alarm", order[a.finding.pattern]))
    return Report(matrix, tuple(answers), judges)


def _answer(matrix: Matrix) -> tuple[list[Answer], Facets | None]:
    found = [unknown(pattern, why) for pattern, why in LIVE_ONLY.items()]
    found += _tried("P12", lambda: absences(matrix))
    if why := _unfit(matrix):
        return found + [unknown(pattern, why) for pattern in FITTED], None
    try:
        facets = fit(matrix)
        cells = make_cells(facets)
    except DEGENERATE:
        return found + [unknown(pattern, TOO_THIN) for pattern in FITTED], None
    stamped = _tried("P1", lambda: stamps(facets))
    left_out = {
        matrix.judges.index(answer.finding.members[0])
        for answer in stamped
        if answer.finding.status == "alarm"
    }
    explained = {(j, r) for j in left_out for r in range(len(matrix.ratees))}

    def favour() -> list[Answer]:
        same, cells_of_vendors = vendors(cells)
        explained.update(cells_of_vendors)
        return same

    found += stamped + _tried("P3", favour)
    found += _tried("P2", lambda: pairs(cells, explained))
    found += _tried("P4", lambda: reciprocal(cells))
    found += _tried("P5", lambda: cliques(facets, left_out, **_groups(facets)))
    return found, facets


def _tried(pattern: str, test: Callable[[], list[Answer]]) -> list[Answer]:
    """Return a test's answers; where its numbers break down, that it could not be made."""
    try:
        return test()
    except DEGENERATE:
        return [unknown(pattern, TOO_THIN)]


def _groups(facets: Facets) -> dict[str, Any]:
    try:
        return show(find_communities(facets))
    except DEGENERATE:
        return {}


def _unfit(matrix: Matrix) -> str:
    """Say why no judge can be compared with others here, or nothing."""
    if len(matrix.judges) < 2:
        return "one judge alone cannot be compared with anybody"
    if len(matrix.value) < 2 or np.ptp(matrix.value) == 0:
        return "all scores are equal" if len(matrix.value) else "no row has a score"
    response = matrix.ratee * len(matrix.items) + matrix.item
    _, counts = np.unique(response, return_counts=True)
    if (counts > 1).sum() < 2:
        return "fewer than two responses (a ratee on an item) were judged by more than one judge"
    return ""


def _judge(matrix: Matrix, facets: Facets | None, at: int) -> dict[str, Any]:
    judge, value, gold = matrix.raw
    mine = judge == at
    found: dict[str, Any] = {"judge": matrix.judges[at], "slope": None, "n": int(mine.sum())}
    if facets is not None and np.isfinite(facets.slope_se[at]):
        found["slope"] = round(float(facets.slope[at]), 4)
    if matrix.is_verdict:
        for name, truth in (("sensitivity", 1.0), ("specificity", 0.0)):
            shown = mine & (gold == truth)
            if shown.any():
                found[name] = round(float((value[shown] == 1 - truth).mean()), 4)
    return found


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    """Write no number that is none: JSON knows neither NaN nor infinity."""
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in values.items()
    }
