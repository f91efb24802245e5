"""Reads a verdict matrix from CSV or JSON Lines into arrays, or says in one sentence why not."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.collusion.evidence import Floats
from orchestrator.errors import CrossauditError

MOST_ROWS = 2_000_000
TOO_MANY = f"at most {MOST_ROWS:,} are read: import a sample of the items, all judges of each"
SAMPLED = 1 << 20
REQUIRED = ("judge", "ratee", "item")
_YES = {"1", "true", "yes", "reject", "rejects", "rejected", "bad", "unsafe", "fail", "deny"}
_NO = {"0", "false", "no", "approve", "approves", "approved", "good", "ok", "safe", "pass", "allow"}
_BLANK = {"", "na", "n/a", "nan", "none", "null", "-"}
_ABSTAINED = {"abstain", "abstained", "timeout", "failed", "refused", "error"}
Codes = NDArray[np.int64]


class MatrixError(CrossauditError):
    """The file is no verdict matrix; the text says which line or column is at fault."""


@dataclass(frozen=True)
class Matrix:
    """One row for each judge, ratee and item; `value` is higher for better."""

    judges: tuple[str, ...]
    ratees: tuple[str, ...]
    items: tuple[str, ...]
    judge: Codes
    ratee: Codes
    item: Codes
    value: Floats
    gold: Floats
    """1 = bad and 0 = good beside verdicts, or a score beside scores; NaN where it is not known."""
    row: Codes
    """The line of the file (for a mean of several, the first)."""
    is_verdict: bool
    gold_is_verdict: bool
    vendor: dict[str, str]
    ratee_vendor: dict[str, str]
    asked: Codes
    """For each judge and ratee: rows that say the judge gave no answer."""
    rows: int
    notes: tuple[str, ...] = ()
    raw: tuple[Codes, Floats, Floats] = field(default_factory=lambda: _no_rows())
    """Judge, value and gold of every answered row before means were taken."""


def read_matrix(path: Path, *, higher_is_worse: bool = False) -> Matrix:
    """Read a `.csv`, `.tsv`, `.json` or `.jsonl` file.

    Rows that repeat judge, ratee and item (two orders of showing, or plain repeats) become their
    mean. A row without a verdict or score is kept as an absence.
    """
    columns = _Columns()
    try:
        _refuse_if_huge(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in _rows(file):
                columns.add(number, row)
    except UnicodeDecodeError:
        raise MatrixError(f"{path.name} is not UTF-8 text") from None
    except (csv.Error, OSError) as error:
        raise MatrixError(f"{path.name} cannot be read: {error}") from None
    return columns.matrix(higher_is_worse=higher_is_worse)


def _refuse_if_huge(path: Path) -> None:
    """Refuse a file whose size says that it holds far too many rows, before reading it all."""
    with path.open("rb") as file:
        head = file.read(SAMPLED)
    rows = max(head.count(b"\n"), head.count(b"{"))
    about = path.stat().st_size / max(len(head), 1) * rows
    if about > 2 * MOST_ROWS:
        raise MatrixError(f"about {float(f'{about:.1g}'):,.0f} rows, and {TOO_MANY}")


class _Columns:
    """Rows as they come in."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, int]] = {name: {} for name in REQUIRED}
        self.codes: dict[str, list[int]] = {name: [] for name in REQUIRED}
        self.value: list[float] = []
        self.gold: list[float] = []
        self.line: list[int] = []
        self.measure = ""
        self.vendors: dict[str, dict[str, str]] = {"judge": {}, "ratee": {}}
        self.orders: set[str] = set()

    def add(self, number: int, row: dict[str, Any]) -> None:
        """Take one row, or raise MatrixError with its line."""
        if len(self.line) >= MOST_ROWS:
            raise MatrixError(f"too many rows: {TOO_MANY}")
        if not self.measure:
            self.measure = _measure(row)
        for name in REQUIRED:
            text = _text(row.get(name))
            if not text:
                raise MatrixError(f"line {number}: {name} is empty or missing")
            codes = self.names[name]
            self.codes[name].append(codes.setdefault(text, len(codes)))
        self.value.append(_number(row.get(self.measure), self.measure, number))
        self.gold.append(
            _number(row.get("gold"), "verdict" if self.measure == "verdict" else "gold", number)
        )
        self.line.append(number)
        for column, about in (("vendor", "judge"), ("ratee_vendor", "ratee")):
            if vendor := _text(row.get(column)):
                self.vendors[about][_text(row[about])] = vendor
        self.orders.add(_text(row.get("order")))

    def matrix(self, *, higher_is_worse: bool) -> Matrix:
        """Return all rows as one matrix."""
        if not self.line:
            raise MatrixError("the file has no rows")
        value, gold = np.array(self.value), np.array(self.gold)
        codes = {name: np.array(self.codes[name], dtype=np.int64) for name in REQUIRED}
        is_verdict = self.measure == "verdict"
        notes = []
        gold_is_verdict = is_verdict
        if (
            not is_verdict
            and np.isin(gold[~np.isnan(gold)], (0, 1)).all()
            and not _is_binary(value)
        ):
            gold_is_verdict = True
            if not np.isnan(gold).all():
                notes.append(
                    "gold is read as 1 = bad, 0 = good: it is not on the scale of the scores"
                )
        if is_verdict or higher_is_worse:
            value = (1 - value) if is_verdict else -value
            gold = gold if gold_is_verdict else -gold
        answered = ~np.isnan(value)
        asked = np.zeros((len(self.names["judge"]), len(self.names["ratee"])), dtype=np.int64)
        np.add.at(asked, (codes["judge"][~answered], codes["ratee"][~answered]), 1)
        kept = np.flatnonzero(answered)
        first, means, repeats = _merge(codes, value, kept)
        if repeats:
            why = "orders of showing" if len(self.orders) > 1 else "duplicate rows"
            notes.append(
                f"{repeats:,} rows repeat judge, ratee and item ({why}): their mean is used"
            )
        if len(kept) < len(value):
            notes.append(
                f"{len(value) - len(kept):,} rows have no {self.measure}: counted as absences"
            )
        return Matrix(
            judges=tuple(self.names["judge"]), ratees=tuple(self.names["ratee"]),
            items=tuple(self.names["item"]), judge=codes["judge"][first],
            ratee=codes["ratee"][first],
            item=codes["item"][first], value=means, gold=gold[first],
            row=np.array(self.line)[first], is_verdict=is_verdict, gold_is_verdict=gold_is_verdict,
            vendor=self.vendors["judge"], ratee_vendor=self.vendors["ratee"], asked=asked,
            rows=len(value), notes=tuple(notes),
            raw=(codes["judge"][kept], value[kept], gold[kept]),
        )  # fmt: skip


def _merge(codes: dict[str, Codes], value: Floats, kept: Codes) -> tuple[Codes, Floats, int]:
    """Return the first row of each judge, ratee and item, their means, and how many were merged."""
    key = codes["judge"][kept]
    for name in ("ratee", "item"):
        key = key * (int(codes[name].max()) + 1) + codes[name][kept]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    counts = np.bincount(group, minlength=len(first))
    means = np.bincount(group, weights=value[kept], minlength=len(first)) / np.maximum(counts, 1)
    return kept[first], means, len(kept) - len(first)


def _rows(file: io.TextIOBase | Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = iter(file)
    head = ""
    for head in lines:
        if head.strip():
            break
    if not head.strip():
        raise MatrixError("the file is empty")
    if head.lstrip().startswith("["):
        yield from enumerate(_records(head + "".join(lines)), 1)
    elif head.lstrip().startswith("{"):
        yield from _json_lines(head, lines)
    else:
        yield from _csv_lines(head, lines)


def _csv_lines(head: str, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    mark = max(",\t;", key=head.count)
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=mark))]
    _check(names)
    for number, cells in enumerate(csv.reader(lines, delimiter=mark), 2):
        if cells and len(cells) != len(names):
            raise MatrixError(f"line {number}: {len(cells)} cells under {len(names)} columns")
        if cells:
            yield number, dict(zip(names, cells, strict=True))


def _json_lines(head: str, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_chain(head, lines), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise MatrixError(f"line {number} is no JSON object") from None
        if not isinstance(row, dict):
            raise MatrixError(f"line {number} is no JSON object")
        row = {str(key).strip().lower(): value for key, value in row.items()}
        if number == 1:
            _check(list(row))
        yield number, row


def _records(text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise MatrixError(f"the file is no JSON: {error}") from None
    except RecursionError:
        raise MatrixError("the file is JSON too deeply nested for a list of verdicts") from None
    if not all(isinstance(row, dict) for row in rows):
        raise MatrixError("the JSON list must hold objects, one a verdict")
    rows = [{str(key).strip().lower(): value for key, value in row.items()} for row in rows]
    if rows:
        _check(list(rows[0]))
    return rows


def _check(names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if not {"verdict", "score"} & set(names):
        missing.append("verdict or score")
    if missing:
        raise MatrixError(f"no column {', '.join(missing)}; there are: {', '.join(names[:20])}")
    if len(set(names)) < len(names):
        raise MatrixError("two columns have the same name")


def _measure(row: dict[str, Any]) -> str:
    if "verdict" in row and "score" in row:
        return "score" if _text(row["score"]).lower() not in _BLANK else "verdict"
    return "verdict" if "verdict" in row else "score"


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(value: Any, column: str, line: int) -> float:
    """Return a cell as a number; NaN where it is blank or says that there was no answer."""
    text = str(int(value)) if isinstance(value, bool) else _text(value).lower()
    if text in _BLANK or text in _ABSTAINED:
        return math.nan
    if column == "verdict" and text in (_YES | _NO):
        return float(text in _YES)
    try:
        number = float(text)
    except ValueError:
        raise MatrixError(f"line {line}: {column} is {text[:40]!r}, which is no number") from None
    if not math.isfinite(number):
        raise MatrixError(f"line {line}: {column} is {text[:40]!r}, which is no finite number")
    if column == "verdict" and number not in (0.0, 1.0):
        raise MatrixError(
            f"line {line}: verdict and gold are 0 or 1, not {text[:40]!r}; "
            "name the column score if these are scores"
        )
    return number


def _is_binary(value: Floats) -> bool:
    return bool(np.isin(value[~np.isnan(value)], (0, 1)).all())


def _chain(head: str, lines: Iterator[str]) -> Iterator[str]:
    yield head
    yield from lines


def _no_rows() -> tuple[Codes, Floats, Floats]:
    return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
