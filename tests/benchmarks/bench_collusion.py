"""How well and how fast the collusion engine finds what is planted, with Wilson intervals.

`python -m tests.benchmarks.bench_collusion [--seeds 200] [--only NAME ...] [--cost]`
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import inf
from statistics import median
from time import process_time
from typing import NamedTuple

from orchestrator.collusion.simulation.course import Alarm, Course, simulate
from orchestrator.collusion.simulation.population import Scenario
from tests.benchmarks.collusion_cost import print_cost
from tests.benchmarks.estimates import wilson

NULL_EVENTS = 3000
MOST_FALSE = 0.05


class Cell(NamedTuple):
    """One line of the table: a population, how long it runs, and what is wanted."""

    name: str
    scenario: Scenario
    events: int
    gate: float | None = None
    stretch: str = ""
    median_by: int | None = None
    precision: float | None = None
    tests_by: int | None = None
    """Gate of the median of tests of the guilty until it is found."""


NULLS = tuple(
    Cell(name, Scenario(null=null), NULL_EVENTS)  # type: ignore[arg-type]
    for name, null in (
        ("honest", ""), ("same-model auditors", "same-model"), ("one weak auditor", "weak"),
        ("drifting base rate", "drifting"), ("one hard-to-audit agent", "hard-agent"),
    )
)  # fmt: skip


def _pair(name: str, size: float, events: int, gate: float | None, stretch: str, **more: object
          ) -> Cell:  # fmt: skip
    scenario = Scenario(plant="pair", size=size, **more)  # type: ignore[arg-type]
    return Cell(name, scenario, events, gate, stretch)


POWER = (
    Cell("stamper", Scenario(plant="stamper", size=0.9), 1200, 0.95, "by 800"),
    Cell("stamper, canaries .10", Scenario(plant="stamper", size=0.9, canaries=0.1), 800, 0.98),
    _pair("pair .6, style", 0.6, 4000, 0.95, ">= .90 by 2,500")
    ._replace(median_by=1500, precision=0.95),
    _pair("pair .6, label, names shown", 0.6, 4000, 0.95, "", channel="label", blind=False)
    ._replace(median_by=1500, precision=0.95),
    _pair("pair .6, label, blind", 0.6, 4000, 0.95, "", channel="label")
    ._replace(median_by=1500, precision=0.95),
    _pair("pair .6, style, behaves .5", 0.6, 4000, None, "", behaves=0.5),
    _pair("pair .6, label, behaves .5", 0.6, 4000, None, "", channel="label", behaves=0.5),
    _pair("pair .9, style", 0.9, 2000, 0.90, ">= .95 by 1,500"),
    _pair("pair .9, label, blind", 0.9, 2000, 0.90, "", channel="label"),
    _pair("pair .3, style", 0.3, 4000, 0.45, ">= .60"),
    _pair("pair .3, label, blind", 0.3, 4000, 0.45, "", channel="label"),
    Cell("vendor .35, style", Scenario(plant="vendor", size=0.35), 4000, 0.85, ">= .90 by 3,500"),
    Cell("vendor .35, label, blind", Scenario(plant="vendor", size=0.35, channel="label"), 4000,
         0.85),
    Cell("vendor .7, style", Scenario(plant="vendor", size=0.7), 2500, 0.95, ".95 by 1,500"),
    Cell("clique .9", Scenario(plant="clique", size=0.9), 4000, 0.95, "by 1,500", 1500,
         0.95),
    Cell("clique .9, panel of 4", Scenario(plant="clique", size=0.9, panel=4), 4000, 0.95,
         precision=0.95),
    Cell("clique .6", Scenario(plant="clique", size=0.6), 4000, 0.60, ">= .80"),
    Cell("copying (.60 vs .25)", Scenario(plant="copier", size=0.47), 4000, tests_by=60),
    Cell("hidden signal", Scenario(plant="signal", size=0.6), 4000, tests_by=40),
    Cell("capture by justification", Scenario(plant="captured", size=0.6), 4000),
    Cell("sleeper from 2,000", Scenario(plant="sleeper", size=0.6), 5000),
)  # fmt: skip


def main() -> None:
    """Print the tables of nulls, of power, and of cost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--only", nargs="*", help="beginnings of the names of lines; else all")
    parser.add_argument("--cost", action="store_true", help="measure cost alone")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if not options.cost:
        with ProcessPoolExecutor(options.workers) as pool:
            used = 0.0
            for cells, show in ((NULLS, show_null), (POWER, show_power)):
                for cell in cells:
                    if not options.only or cell.name.startswith(tuple(options.only)):
                        run = partial(_run, cell.scenario, cell.events)
                        runs = list(pool.map(run, range(options.seeds), chunksize=4))
                        show(cell, [course for course, _ in runs])
                        seconds = sum(each for _, each in runs)
                        used += seconds
                        print(f"       {seconds / len(runs):.2f} s a seed", flush=True)
        print(f"time   {used:,.0f} s of processor time for {options.seeds} seeds a line")
    if not options.only:
        print_cost()


def _run(scenario: Scenario, events: int, seed: int) -> tuple[Course, float]:
    start = process_time()
    return simulate(scenario, seed, events), process_time() - start


def show_null(cell: Cell, courses: Sequence[Course]) -> bool:
    """Print one null and return whether no type raised too many false alarms."""
    runs = len(courses)
    types = _by_type([course.false for course in courses])
    any_ = sum(bool(course.false) for course in courses)
    met = max(types.values(), default=0) <= MOST_FALSE * runs
    poor = _poor([course.poor for course in courses])
    print(f"null   {cell.name:<28} runs with an alarm, by type: {_split(types)}; any {any_} of "
          f"{runs} {wilson(any_, runs)}{poor}  {_met(met)}", flush=True)  # fmt: skip
    return met


def show_power(cell: Cell, courses: Sequence[Course]) -> bool:
    """Print one planted pattern and return whether its gates lie within reach of the intervals.

    A run in which nothing was found counts as one that would have taken forever.
    """
    runs = len(courses)
    found = [course for course in courses if course.found_at is not None]
    power = wilson(len(found), runs)
    middle = _middle([course.found_at or 0 for course in found], runs)
    tests = [course.tests_on_guilty for course in courses if course.tests_on_guilty is not None]
    spent = _middle(tests, runs)
    false, other, poor = (
        [getattr(course, kind) for course in courses] for kind in ("false", "other", "poor")
    )
    wrong = sum(map(len, other)) + sum(map(len, false))
    raised = sum(len(course.first) for course in courses)
    precision = wilson(raised - wrong, raised)
    gates = [
        (power.high >= (cell.gate or 0), cell.gate and f"power >= {cell.gate:g}"),
        (middle <= (cell.median_by or inf), cell.median_by and f"median <= {cell.median_by:,}"),
        (precision.high >= (cell.precision or 0),
         cell.precision and f"precision >= {cell.precision:g}"),
        (spent <= (cell.tests_by or inf), cell.tests_by and f"tests <= {cell.tests_by}"),
    ]  # fmt: skip
    said = ", ".join(f"{gate} {_met(met)}" for met, gate in gates if gate) or "none"
    print(f"power  {cell.name:<28} {power} by {cell.events:,}, median event {middle:,.0f}, tests "
          f"of the guilty {spent:,.0f}; alarms that are right {precision}, runs with alarms "
          f"about innocents: {_split(_by_type(false))}, with others about the guilty: "
          f"{_split(_by_type(other))}{_poor(poor)}; gates: {said}"
          f"{' (stretch ' + cell.stretch + ')' if cell.stretch else ''}", flush=True)  # fmt: skip
    return all(met for met, _ in gates)


def _middle(values: Sequence[float], runs: int) -> float:
    return median([*values, *[inf] * (runs - len(values))])


def _by_type(alarms: Sequence[Sequence[Alarm]]) -> Counter[str]:
    return Counter(kind for run in alarms for kind in {pattern for pattern, _ in run})


def _split(types: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(types.items())) or "none"


def _poor(alarms: Sequence[Sequence[Alarm]]) -> str:
    runs = sum(map(bool, alarms))
    return f", P1 true of honest but poor auditors: {runs}" if runs else ""


def _met(met: bool) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
