"""Recorded verdicts of others: what naive views claim, and what is left of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.collusion.matrix.communities import find_communities
from orchestrator.collusion.matrix.dependence import correlate
from orchestrator.collusion.matrix.facets import fit
from orchestrator.collusion.matrix.reading import Matrix, read_matrix
from orchestrator.collusion.matrix.report import Report, examine

pytestmark = pytest.mark.real


def read(path: Path, names: str, rows: Iterable[list[Any]]) -> Matrix:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(names.split())
        out.writerows(rows)
    return read_matrix(path)


@pytest.fixture(scope="module")
def prd(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    rows = []
    with (shared / "data" / "verdicts" / "prd" / "verdicts.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            won = {"1": 1.0, "2": 0.0, "3": 0.5}.get(row["score"])
            if row["judge"] == "human" or won is None:
                continue
            first, second = row["first"], row["second"]
            item = f"{row['question']} {'-'.join(sorted((first, second)))}"
            rows += [[row["judge"], first, item, won, 1], [row["judge"], second, item, 1 - won, 2]]
    path = tmp_path_factory.mktemp("prd") / "m.csv"
    return examine(read(path, "judge ratee item score order", rows))


@pytest.fixture(scope="module")
def llmbar(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    with (shared / "data" / "verdicts" / "llmbar" / "verdicts.csv").open(encoding="utf-8") as file:
        rows = [
            [f"{row['model']}/{row['prompt']}", row["subset"], row["item"],
             {"1": 0, "2": 1}.get(row["win"], ""), int(row["gold"]) - 1, row["swap"]]
            for row in csv.DictReader(file)
        ]  # fmt: skip
    path = tmp_path_factory.mktemp("llmbar") / "m.csv"
    return read(path, "judge ratee item verdict gold order", rows)


def answer(report: Report, pattern: str) -> dict[str, Any]:
    return next(each.as_dict() for each in report.answers if each.finding.pattern == pattern)


def test_the_naive_view_shows_self_preference_and_the_adjusted_one_claims_nothing(
    prd: Report,
) -> None:
    favour = answer(prd, "P3")
    naive = favour["evidence"]["naive"]
    assert max(naive, key=naive.get) == "gpt4" and naive["gpt4"] == pytest.approx(0.133, abs=0.005)
    assert favour["status"] == "not identified" and answer(prd, "P2")["status"] == "not identified"


def test_no_clique_under_the_population_of_pairs_and_all_under_independence(prd: Report) -> None:
    clique = answer(prd, "P5")
    assert clique["status"] != "alarm"
    assert clique["evidence"]["under_independence"].startswith("10 of 10 pairs")


def test_of_65_configurations_nearly_all_dependent_ones_are_of_one_model(llmbar: Matrix) -> None:
    raised = [a.finding for a in examine(llmbar).answers if a.finding.status == "alarm"]
    assert raised and {finding.pattern for finding in raised} == {"P5"}
    across = [f for f in raised if len({name.split("/")[0] for name in f.members}) > 1]
    assert len(across) <= 0.05 * len(raised)


def test_communities_of_errors_are_the_models(llmbar: Matrix) -> None:
    """Five groups, not six: two releases of one model err alike. No configuration strays."""
    found = find_communities(fit(llmbar))
    assert found is not None and (found.stability or 0.0) >= 0.9
    models = {frozenset(name.split("/")[0] for name in group) for group in found.groups}
    assert models == {
        frozenset({name}) for name in ("GPT-4", "PaLM2", "LLaMA2", "Falcon")
    } | {frozenset({"ChatGPT", "ChatGPT-0301"})}  # fmt: skip


def test_each_configuration_errs_most_like_another_of_its_own_model(llmbar: Matrix) -> None:
    found = correlate(fit(llmbar))
    apart = found.correlation.copy()
    np.fill_diagonal(apart, -1)
    models = [name.split("/")[0] for name in found.judges]
    assert [models[at] for at in apart.argmax(axis=1)] == models
