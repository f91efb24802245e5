"""Verdict matrices: what is planted is found, what is odd is met with a sentence."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.cli.program import run_program
from orchestrator.collusion.evidence import Floats
from orchestrator.collusion.findings import PATTERNS
from orchestrator.collusion.matrix.dependence import cliques
from orchestrator.collusion.matrix.facets import fit
from orchestrator.collusion.matrix.reading import Matrix, MatrixError, read_matrix
from orchestrator.collusion.matrix.report import examine

JUDGES, RATEES, ITEMS = 10, 12, 40


def scores(seed: int = 0) -> Floats:
    """Return honest scores from 1 to 10 by judges that differ in level, slope and noise."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0, 0.8, (RATEES, 1)) + rng.normal(0, 0.7, (RATEES, ITEMS))
    slope = np.exp(rng.normal(0, 0.35, (JUDGES, 1, 1)))
    noise = 0.8 * np.exp(rng.normal(0, 0.3, (JUDGES, 1, 1)))
    liking = 0.15 * rng.normal(0, 1, (JUDGES, RATEES, 1))
    level = rng.normal(6, 0.7, (JUDGES, 1, 1))
    return np.asarray(
        level + 1.2 * slope * (quality + liking) + noise * rng.normal(size=(JUDGES, RATEES, ITEMS))
    )


def write(path: Path, values: Floats, **columns: Any) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["judge", "ratee", "item", "score", *columns])
        for (j, r, i), value in np.ndenumerate(np.clip(np.round(values), 1, 10)):
            more = [make(j, r, i) for make in columns.values()]
            out.writerow([f"j{j}", f"r{r}", f"q{i}", value, *more])
    return path


def alarms(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (answer.finding.pattern, answer.finding.members)
        for answer in examine(read_matrix(path)).answers
        if answer.finding.status == "alarm"
    ]


def vendor_columns() -> dict[str, Any]:
    return {"vendor": lambda j, r, i: f"v{j % 4}", "ratee_vendor": lambda j, r, i: f"v{r % 4}"}


def test_honest_judges_of_unequal_slope_seldom_raise_an_alarm(tmp_path: Path) -> None:
    columns = vendor_columns()
    path = tmp_path / "m.csv"
    raised = [seed for seed in range(10) if alarms(write(path, scores(seed), **columns))]
    assert len(raised) <= 2  # each of five patterns may raise a false one in one matrix of twenty


def test_a_judge_much_too_kind_to_one_ratee(tmp_path: Path) -> None:
    values = scores()
    values[3, 5] += 2.5
    assert alarms(write(tmp_path / "m.csv", values)) == [("P2", ("j3", "r5"))]


def test_a_vendor_kind_to_its_own(tmp_path: Path) -> None:
    values = scores()
    values[np.ix_(range(1, JUDGES, 4), range(1, RATEES, 4))] += 1.2
    assert ("P3", ("v1",)) in alarms(write(tmp_path / "m.csv", values, **vendor_columns()))


def test_a_judge_that_stamps(tmp_path: Path) -> None:
    values = scores()
    values[2] = 9 + np.random.default_rng(9).normal(0, 0.5, values[2].shape)
    assert alarms(write(tmp_path / "m.csv", values)) == [("P1", ("j2",))]


def test_a_judge_that_copies_another(tmp_path: Path) -> None:
    values = scores()
    copied = np.random.default_rng(9).random(values[0].shape) < 0.9
    values[7] = np.where(copied, values[4], values[7])
    assert alarms(write(tmp_path / "m.csv", values)) == [("P5", ("j4", "j7"))]


def test_the_report_is_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "m.csv", scores())
    assert run_program(["graph", "import", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert list(report)[:1] == ["version"] and report["version"] == 1
    counts = {key: report["input"][key] for key in ("rows", "judges", "ratees", "items", "gold")}
    assert counts == {"rows": 4800, "judges": 10, "ratees": 12, "items": 40, "gold": 0}
    assert {found["pattern"] for found in report["findings"]} == set(PATTERNS)
    for found in report["findings"]:
        assert {"members", "status", "effect", "low", "high", "n", "e_value", "evidence",
                "would_refute"} < set(found)  # fmt: skip
        assert found["status"] != "not identified" or found["evidence"]["says"]
    assert np.mean([judge["slope"] for judge in report["judges"]]) == pytest.approx(1, abs=0.3)
    assert run_program(["graph", "import", str(path)]) == 0
    assert "not identified" in capsys.readouterr().out


def rows(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


HEAD = "judge,ratee,item,score"
ODD = {
    "one judge": [HEAD, *(f"j,r{n},q,{n}" for n in range(9))],
    "one item": [HEAD, *(f"j{n},r,q,{n}" for n in range(9))],
    "one row": [HEAD, "j,r,q,1"],
    "constant": [HEAD, *(f"j{n % 3},r{n % 4},q{n},5" for n in range(60))],
    "all blank": [HEAD, *(f"j{n % 3},r{n % 4},q{n % 5}," for n in range(60))],
    "nan": [HEAD, *(f"j{n % 3},r{n % 4},q{n % 5},{'nan' if n % 2 else n}" for n in range(60))],
    "duplicates": [HEAD, *("j0,r0,q0,3" for _ in range(50)), "j1,r0,q0,4", "j0,r1,q0,1"],
    "disjoint": [HEAD, *(f"j{n % 2},r{n},q{n},{n % 7}" for n in range(60))],
    "two judges": [HEAD, *(f"j{n % 2},r{n // 2 % 8},q{n // 16},{n % 7}" for n in range(160))],
    "one constant judge": [
        HEAD, *(f"j{j},r{n % 8},q{n},{5 if j == 0 else (n * (j + 3)) % 10}"
                for j in range(6) for n in range(40))],
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_matrices_get_an_answer_without_numbers_that_are_none(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rows(tmp_path / "m.csv", ODD[name])
    assert run_program(["graph", "import", str(path), "--json"]) == 0
    out = capsys.readouterr()
    report = json.loads(out.out, parse_constant=pytest.fail)
    assert {found["pattern"] for found in report["findings"]} == set(PATTERNS)
    raised = [found["members"] for found in report["findings"] if found["status"] == "alarm"]
    assert raised == ([["j0"]] if name == "one constant judge" else [])
    assert not out.err


BAD = {
    "no rows": ([HEAD], "no rows"),
    "no column": (["judge,ratee,score", "a,b,1"], "no column item"),
    "no measure": (["judge,ratee,item", "a,b,c"], "verdict or score"),
    "text": ([HEAD, "a,b,c,good?"], "line 2"),
    "infinite": ([HEAD, "a,b,c,inf"], "no finite number"),
    "verdict of 2": (["judge,ratee,item,verdict", "a,b,c,2"], "0 or 1"),
    "short row": ([HEAD, "a,b,c"], "3 cells under 4 columns"),
    "no judge": ([HEAD, ",b,c,1"], "judge is empty"),
    "broken json": (['{"judge": "a"'], "no JSON"),
    "list": (['[1, 2]'], "must hold objects"),
    "deep json": (["[" * 100_000], "too deeply nested"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_no_matrix_are_refused_in_a_sentence(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, said = BAD[name]
    assert run_program(["graph", "import", str(rows(tmp_path / "m.csv", lines))]) == 2
    assert said in capsys.readouterr().err


def test_too_many_rows_are_refused_before_all_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.collusion.matrix.reading.MOST_ROWS", 10)
    path = rows(tmp_path / "m.csv", [HEAD, *("a,b,c,1" for _ in range(11)), "not a row"])
    with pytest.raises(MatrixError, match="sample of the items"):
        read_matrix(path)


def test_a_huge_file_is_refused_by_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.collusion.matrix.reading.MOST_ROWS", 10)
    path = rows(tmp_path / "m.csv", [HEAD, *("a,b,c,1" for _ in range(40)), "not a row"])
    with pytest.raises(MatrixError, match=r"about 40 rows, .* sample of the items"):
        read_matrix(path)


def crowd(seed: int, gold: bool) -> list[str]:
    """Return labels by many workers on a few items each, independent given the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 400)
    lines = ["judge,ratee,item,verdict" + (",gold" if gold else "")]
    for worker in range(100):
        right = rng.beta(8, 2)
        for item in rng.choice(400, int(rng.choice([20, 20, 40, 120])), replace=False):
            said = truth[item] if rng.random() < right else 1 - truth[item]
            lines.append(f"w{worker},r,i{item},{said}" + (f",{truth[item]}" if gold else ""))
    return lines


@pytest.mark.parametrize("gold", [True, False])
def test_honest_workers_with_few_items_each_are_no_cliques(tmp_path: Path, gold: bool) -> None:
    raised = [alarms(rows(tmp_path / "m.csv", crowd(seed, gold))) for seed in range(6)]
    assert sum(bool(found) for found in raised) <= 1


def test_readers_with_a_handful_of_ratings_each_are_no_lenient_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    quality = rng.normal(size=(12, 200))
    lines = [HEAD]
    for _ in range(5000):
        reader, r, i = rng.integers(400), rng.integers(12), rng.integers(200)
        lines.append(f"j{reader},r{r},q{i},{5 + 2 * quality[r, i] + rng.normal():.0f}")
    assert not alarms(rows(tmp_path / "m.csv", lines))


def test_json_lines_words_and_orders(tmp_path: Path) -> None:
    lines = [
        json.dumps({"judge": "a", "ratee": "r", "item": n, "verdict": word, "order": o, "gold": 1})
        for n in range(3)
        for o, word in enumerate(["reject", "approve"])
    ]
    matrix = read_matrix(rows(tmp_path / "m.jsonl", lines))
    assert matrix.value.tolist() == [0.5, 0.5, 0.5] and matrix.gold.tolist() == [1, 1, 1]
    assert "orders of showing" in matrix.notes[0]


def test_higher_is_worse_turns_the_scale(tmp_path: Path) -> None:
    path = rows(tmp_path / "m.csv", [HEAD, "a,b,c,1", "a,b,d,4"])
    assert read_matrix(path, higher_is_worse=True).value.tolist() == [-1.0, -4.0]


def test_an_absent_judge_is_named(tmp_path: Path) -> None:
    values = scores()
    path = write(tmp_path / "m.csv", values)
    lines = path.read_text("utf-8").splitlines()
    lines = [line.rsplit(",", 1)[0] + "," if line.startswith("j4,r2,") else line for line in lines]
    assert ("P12", ("j4", "r2")) in alarms(rows(path, lines))


@pytest.mark.parametrize("judges", [6, 10])
def test_of_a_hundred_honest_panels_hardly_one_holds_a_clique(judges: int) -> None:
    """The false discovery rate is .05; that pairs must also share much makes alarms rarer."""
    false = found = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = _panel(rng, judges)
        false += _cliques(values) != set()
        copied = rng.random(values.shape[1]) < 0.9
        values[1] = np.where(copied, values[0], values[1])
        found += _cliques(values) == {("j0", "j1")}
    assert false <= 3
    assert found >= (85 if judges == 6 else 95)


def _panel(rng: np.random.Generator, judges: int, rows: int = 300) -> Floats:
    """Return scores in which every two judges share a little of their own besides quality."""
    odd = np.sqrt(0.05) * rng.normal(size=(judges, judges, rows))
    pairs = np.array([odd[j].sum(0) + odd[:, j].sum(0) for j in range(judges)]) / np.sqrt(judges)
    noise = np.exp(rng.normal(-0.3, 0.3, (judges, 1))) * rng.normal(size=(judges, rows))
    return np.asarray(rng.normal(size=rows) + pairs + noise)


def _cliques(values: Floats) -> set[tuple[str, ...]]:
    judge, item = (np.ravel(each) for each in np.indices(values.shape))
    judges, rows = values.shape
    matrix = Matrix(
        tuple(f"j{n}" for n in range(judges)), tuple(f"r{n}" for n in range(6)),
        tuple(f"q{n}" for n in range(rows)), judge, item % 6, item, values.ravel(),
        np.full(values.size, np.nan), np.arange(values.size), False, False, {}, {},
        np.zeros((judges, 6), np.int64), values.size,
    )  # fmt: skip
    return {
        answer.finding.members
        for answer in cliques(fit(matrix), set())
        if answer.finding.status == "alarm"
    }
