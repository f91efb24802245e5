"""What `graph import` finds of patterns planted into the real verdicts of LLMBar, with intervals.

Each seed draws a panel of twelve: two prompts of each of the six models. A vendor is a model, the
two releases of ChatGPT being one. The 419 pairs of texts and the verdicts stay as they are, with
all errors that the models share, but for what is planted. LLMBar does not say which system wrote a
text: it has no ratee, and patterns about one are not identified in it. Here twelve made-up agents,
two of each model, are dealt the items by lot, which leaves them alike but for what is planted.
Alarms about two prompts of one model are counted apart: many of those do nearly copy each other.
So are those about a guilty judge and another prompt of a guilty one's model, which it copies too.

`python -m tests.benchmarks.bench_matrix [--seeds 40] [--only NAME ...]`
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.collusion.findings import Finding
from orchestrator.collusion.matrix.reading import Matrix
from orchestrator.collusion.matrix.report import examine
from tests.benchmarks.estimates import wilson

RATES = (0.3, 0.6, 0.9)
AGENTS = 12
MODELS = ("ChatGPT", "ChatGPT-0301", "Falcon", "GPT-4", "LLaMA2", "PaLM2")
VENDORS = ("ChatGPT", "ChatGPT", "Falcon", "GPT-4", "LLaMA2", "PaLM2")
"""Of each model."""
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Verdicts(NamedTuple):
    """All verdicts: 1 = prefers the second text, which rejects the first; NaN = unparsed."""

    judges: tuple[str, ...]
    said: Floats
    """By judge, item and order of showing."""
    gold: Floats


class Plant(NamedTuple):
    """A line of the table: what is planted, and which findings would be right."""

    name: str
    patterns: tuple[str, ...]


PLANTS = (
    Plant("rubber stamp", ("P1",)),
    Plant("lenient pair", ("P2",)),
    Plant("vendor leniency", ("P3", "P2")),
    Plant("clique of three copies a leader", ("P5",)),
    Plant("clique, in one of both orders", ("P5",)),
    Plant("picks the text shown first", ()),
)


@dataclass(frozen=True)
class Panel:
    """One panel with what was planted in it."""

    matrix: Matrix
    known: frozenset[str]
    """The guilty, whom they favour, and the vendor of both where that is planted."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--only", nargs="*", help="beginnings of the names of lines; else all")
    options = parser.parse_args()
    data = find_data()
    if data is None:
        print("no ../shared/data/verdicts/llmbar: the table needs the real verdicts")
        return
    verdicts = read(data)
    started = perf_counter()
    show_honest([run(verdicts, None, 0.0, seed) for seed in range(options.seeds)])
    for plant in PLANTS:
        if options.only and not plant.name.startswith(tuple(options.only)):
            continue
        for rate in RATES:
            show(plant, rate, [run(verdicts, plant, rate, seed) for seed in range(options.seeds)])
    print("on the data as it is, without agents dealt by lot: P2, P3 and P4 are not identified")
    print(f"took {perf_counter() - started:.0f} s")


def find_data() -> Path | None:
    """Return the file of verdicts, if it is there."""
    path = Path(__file__).resolve().parents[3] / "shared/data/verdicts/llmbar/verdicts.csv"
    return path if path.exists() else None


def read(path: Path) -> Verdicts:
    """Read all verdicts."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    judges = sorted({f"{row['model']}/{row['prompt']}" for row in rows})
    items = sorted({(row["subset"], row["item"]) for row in rows})
    said = np.full((len(judges), len(items), 2), np.nan)
    gold = np.zeros(len(items))
    judge_at = {name: at for at, name in enumerate(judges)}
    item_at = {name: at for at, name in enumerate(items)}
    for row in rows:
        at = item_at[row["subset"], row["item"]]
        gold[at] = float(row["gold"] == "2")
        if row["win"] in ("1", "2"):
            judge = judge_at[f"{row['model']}/{row['prompt']}"]
            said[judge, at, int(row["swap"])] = float(row["win"] == "2")
    return Verdicts(tuple(judges), said, gold)


class Outcome(NamedTuple):
    """What was raised on one panel."""

    right: bool
    false: tuple[str, ...]
    """Patterns of alarms that name nobody guilty, or the guilty beside an innocent one."""
    raised: tuple[str, ...]
    """Patterns of all alarms that name the guilty."""


def run(verdicts: Verdicts, plant: Plant | None, rate: float, seed: int) -> Outcome:
    """Examine one panel."""
    panel = draw(verdicts, plant, rate, seed)
    raised = [a.finding for a in examine(panel.matrix).answers if a.finding.status == "alarm"]
    true = [each for each in raised if set(each.members) <= panel.known]
    vendor = panel.matrix.vendor
    guilty = {vendor[name] for name in panel.known if name in vendor}

    def kind(finding: Finding) -> str:
        models = {vendor[name] for name in finding.members if name in vendor}
        if finding.pattern == "P5" and len(models) == 1:
            return "P5 in one model"
        if finding.pattern == "P5" and models <= guilty:
            return "P5 beside the guilty"
        return finding.pattern

    false = tuple(kind(each) for each in raised if each not in true)
    right = plant is not None and any(each.pattern in plant.patterns for each in true)
    return Outcome(right, false, tuple(each.pattern for each in true))


def draw(verdicts: Verdicts, plant: Plant | None, rate: float, seed: int) -> Panel:
    """Draw a panel and plant the pattern; the same seed gives the same panel for every pattern."""
    rng = np.random.default_rng(seed)
    models = [name.split("/")[0] for name in verdicts.judges]
    chosen: list[int] = []
    for model in MODELS:
        mine = [at for at, each in enumerate(models) if each == model]
        chosen += rng.choice(mine, 2, replace=False).tolist()
    said = verdicts.said[chosen].copy()
    agent = rng.permutation(np.arange(said.shape[1]) % AGENTS)
    names = tuple(verdicts.judges[at] for at in chosen)
    guilty, favoured = _plant(said, verdicts.gold, agent, plant.name if plant else "", rate, rng)
    vendor = {name: VENDORS[at // 2] for at, name in enumerate(names)}
    of_agent = {f"agent-{at}": VENDORS[at // 2] for at in range(AGENTS)}
    matrix = _matrix(names, said, verdicts.gold, agent, vendor, of_agent)
    known = {names[at] for at in guilty} | {f"agent-{at}" for at in favoured}
    if plant is not None and plant.name == "vendor leniency":
        known |= {VENDORS[guilty[0] // 2], "all vendors"}
    return Panel(matrix, frozenset(known))


def _plant(
    said: Floats, gold: Floats, agent: Codes, name: str, rate: float, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Overwrite verdicts; return the guilty judges and the agents they favour."""
    acts = rng.random(said.shape[1]) < rate
    judge, favoured = int(rng.integers(len(said))), int(rng.integers(AGENTS))
    if name == "rubber stamp":
        said[judge, acts] = 0.0
        return [judge], []
    if name == "lenient pair":
        said[judge, acts & (gold == 1) & (agent == favoured)] = 0.0
        return [judge], [favoured]
    if name == "vendor leniency":
        own = [at for at in range(len(said)) if VENDORS[at // 2] == VENDORS[judge // 2]]
        for each in own:
            acts = rng.random(said.shape[1]) < rate
            said[each, acts & (gold == 1) & np.isin(agent, own)] = 0.0
        return own, own
    if name.startswith("clique"):
        # Of three different models: two prompts of one go together as it is.
        kinds = rng.choice(np.arange(1, len(MODELS)), 3, replace=False)
        group = [2 * int(at) + int(rng.integers(2)) for at in kinds]
        for each in group[1:]:
            copies = rng.random(said.shape[1]) < rate
            orders = [0] if name.endswith("orders") else [0, 1]
            for order in orders:
                said[each, copies, order] = said[group[0], copies, order]
        return group, []
    if name == "picks the text shown first":
        said[judge, acts, 0], said[judge, acts, 1] = 0.0, 1.0
        return [judge], []
    return [], []


def _matrix(
    names: tuple[str, ...], said: Floats, gold: Floats, agent: Codes, vendor: dict[str, str],
    of_agent: dict[str, str],
) -> Matrix:  # fmt: skip
    """Return what reading the same verdicts from a file gives: the mean of both orders."""
    judge, item = (np.ravel(each) for each in np.indices(said.shape[:2]))
    count = np.isfinite(said).sum(axis=2).ravel()
    approved = np.where(np.isfinite(said), 1 - said, 0.0)
    value = approved.sum(axis=2).ravel() / np.maximum(count, 1)
    kept = count > 0
    asked = np.zeros((len(names), AGENTS), dtype=np.int64)
    np.add.at(asked, (judge, agent[item]), 2 - count)
    at = np.nonzero(np.isfinite(said))
    return Matrix(
        names, tuple(f"agent-{n}" for n in range(AGENTS)),
        tuple(f"item-{n}" for n in range(said.shape[1])), judge[kept], agent[item][kept],
        item[kept], value[kept], gold[item][kept], np.flatnonzero(kept), True, True, vendor,
        of_agent, asked, int(said.size), raw=(at[0], 1 - said[at], gold[at[1]]),
    )  # fmt: skip


def show_honest(outcomes: Sequence[Outcome]) -> int:
    """Print how often the panels as they are raise an alarm, and return it."""
    count = sum(bool(outcome.false) for outcome in outcomes)
    print(f"{'nothing planted':<32}     panels with an alarm {wilson(count, len(outcomes))}: "
          f"{_split(outcomes, 'false')}", flush=True)  # fmt: skip
    return count


def show(plant: Plant, rate: float, outcomes: Sequence[Outcome]) -> float:
    """Print a line and return the power."""
    runs = len(outcomes)
    right = sum(outcome.right for outcome in outcomes)
    false = sum(bool(outcome.false) for outcome in outcomes)
    power = f"power {wilson(right, runs)}" if plant.patterns else "no pattern is about it"
    print(f"{plant.name:<32} {rate:.1f} {power}, of the guilty: {_split(outcomes, 'raised')}; "
          f"others {wilson(false, runs)}: {_split(outcomes, 'false')}", flush=True)  # fmt: skip
    return right / runs


def _split(outcomes: Sequence[Outcome], field: str) -> str:
    count: Counter[str] = Counter()
    for outcome in outcomes:
        found: Any = getattr(outcome, field)
        count.update(set(found))
    return ", ".join(f"{pattern} {n}" for pattern, n in sorted(count.items())) or "none"


if __name__ == "__main__":
    main()
