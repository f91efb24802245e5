"""Fit the weights of the combination on generated runs, and write them for review.

Penalised logistic regression on single actions, weights held at or above zero. The penalty pulls
each weight towards taking the source as it is, so a source that the generated runs say nothing of
keeps that. Only the development half of the generators is read, never a recorded run.

`python -m tests.benchmarks.fit_weights [--cases 400] [--dry]`
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import anyio

from orchestrator.auditors.combination import (
    highest_scores,
    load_combination,
    rise,
)
from orchestrator.config import Config
from orchestrator.domain.event import Decided, RulesChecked, VerdictGiven
from orchestrator.domain.verdict import Effect, Hit, Verdict
from orchestrator.replay.player import Played, Player
from tests.benchmarks.made import generators
from tests.conftest import ROOT

PATH = ROOT / "policies" / "auditors" / "weights.yaml"
Weights: TypeAlias = dict[str, float]
SEED = 1
BASE_RATE = 0.05
"""Share of actions that should not run, taken for granted: generated runs have many more."""
PRIOR = math.log(BASE_RATE / (1.0 - BASE_RATE))
SOURCES = {
    "provenance": 1.0, "justification": 1.0, "justification:trace": 0.7, "oversight": 1.0,
    "oversight:trace": 0.7, "baseline": 1.0, "activation": 0.5,
}  # fmt: skip
"""Weights where the generated runs say nothing."""
EFFECTS: Weights = {
    "flag": 0.3, "modify": 0.5, "escalate": 1.5, "deny": 3.0, "terminate": 4.0,
}  # fmt: skip
EXPECTED: Weights = {**SOURCES, **EFFECTS}
SHARES = (0.0, 0.1, 0.2, 0.3, 0.5)
EXPECTED_SHARE = 0.2
STRENGTH = 20.0
"""How many average actions the expected weights are worth."""
HEAVIEST = 1.0
"""No source is believed more than it says: auditors were written against the same half, and look
surer on it than they are."""


class Row(NamedTuple):
    """One action as the fit sees it."""

    rises: dict[str, float]
    effect: Effect | None
    is_bad: bool
    weight: float


def main() -> None:
    """Fit, print what changed, and write the file unless told not to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=400, help="runs of each generator")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    rows = balance(anyio.run(collect, options.cases))
    weights, further = fit(rows)
    made = len(generators())
    text = render(weights, further, f"{len(rows)} actions of {options.cases} runs of each of "
                  f"{made} generators, development half, seed {SEED}")  # fmt: skip
    print(text)
    print(f"log loss {loss_of(rows, weights, further):.4f}; with the weights before "
          f"{loss_of(rows, *_shipped()):.4f}")  # fmt: skip
    if not options.dry:
        PATH.write_text(text, encoding="utf-8")


async def collect(cases: int) -> list[Row]:
    """Play generated runs and return each action up to the first bad one.

    What follows a bad action is left out: whether it is bad too is not said.
    """
    player = Player(Config())
    rows: list[Row] = []
    for generate in generators().values():
        for place, case in enumerate(generate(SEED, cases, "development")):
            played = await player.play(case.recording, place)
            rows += _rows(played, case.first_bad_action_id, case.is_bad)
    return rows


def balance(rows: Sequence[Row]) -> list[Row]:
    """Weigh the rows so that bad actions are as rare as `BASE_RATE` says."""
    bad = sum(row.is_bad for row in rows)
    heavy = BASE_RATE * (len(rows) - bad) / ((1.0 - BASE_RATE) * max(bad, 1))
    return [row._replace(weight=heavy if row.is_bad else 1.0) for row in rows]


def fit(rows: Sequence[Row]) -> tuple[Weights, float]:
    """Return the weights, sources and then effects, and what further sources count."""
    groups = group(rows)
    found = [(descend(groups, further), further) for further in SHARES]
    for weights, further in found:
        print(f"further {further}: loss {_objective(groups, weights, further):.2f}")
    return min(found, key=lambda pair: _objective(groups, *pair))


def descend(groups: Sequence[Row], further: float) -> Weights:
    """Walk down from the expected weights, one weight at a time, in ever smaller steps."""
    weights = dict(EXPECTED)
    least, step = _objective(groups, weights, further), 0.4
    while step > 0.005:
        moved = False
        for name in weights:
            for change in (step, -step):
                highest = HEAVIEST if name in SOURCES else 5.0
                tried = weights | {name: min(max(weights[name] + change, 0.0), highest)}
                loss = _objective(groups, tried, further)
                if loss < least - 1e-9:
                    weights, least, moved = tried, loss, True
        step = step if moved else step / 2
    return weights


def group(rows: Sequence[Row]) -> list[Row]:
    """Join rows that look alike: most actions look like many others."""
    joined: dict[tuple[object, ...], Row] = {}
    for row in rows:
        rises = {name: round(amount, 2) for name, amount in row.rises.items() if amount}
        key = (tuple(sorted(rises.items())), row.effect, row.is_bad)
        weight = row.weight + (joined[key].weight if key in joined else 0.0)
        joined[key] = Row(rises, row.effect, row.is_bad, weight)
    return list(joined.values())


def loss_of(rows: Sequence[Row], weights: Weights, further: float) -> float:
    """Return the weighted log loss of an action."""
    total = sum(row.weight for row in rows)
    return sum(row.weight * _log_loss(row, weights, further) for row in rows) / total


def render(weights: Weights, further: float, fitted: str) -> str:
    """Write the file that people review."""
    auditors = "\n".join(f"  {_key(name)}: {weights[name]:.2f}" for name in SOURCES)
    rules = "\n".join(f"  {name}: {weights[name]:.2f}" for name in EFFECTS)
    return (
        "# How opinions are combined: orchestrator/auditors/combination.py says what the numbers\n"
        "# mean. Written by `python -m tests.benchmarks.fit_weights`; review what changed.\n"
        f'version: "1"\nprior: {BASE_RATE}\nauditors:\n{auditors}\nothers: 1.0\n'
        f"further: {further}\nrules:\n{rules}\nfitted: {fitted}\n"
    )


def _rows(played: Played, first_bad: str | None, is_bad: bool) -> list[Row]:
    verdicts: list[Verdict] = []
    hits: tuple[Hit, ...] = ()
    rows: list[Row] = []
    for event in played.events:
        match event.fact:
            case RulesChecked(hits=found):
                hits, verdicts = found, []
            case VerdictGiven(verdict=verdict):
                verdicts.append(verdict)
            case Decided(decision=decision):
                if is_bad and first_bad is None:
                    continue
                name = decision.action
                row = _row(name, hits, verdicts, name == first_bad)
                rows.append(row)
                if row.is_bad:
                    return rows
    return rows


def _row(action: str, hits: Sequence[Hit], verdicts: Sequence[Verdict], is_bad: bool) -> Row:
    scores = highest_scores(verdicts, action)
    effects = [hit.effect for hit in hits if hit.action == action]
    strictest = max(effects, key=list(EFFECTS).index, default=None)
    return Row({name: rise(score, PRIOR) for name, score in scores.items()}, strictest, is_bad, 1.0)


def _objective(rows: Sequence[Row], weights: Weights, further: float) -> float:
    loss = sum(row.weight * _log_loss(row, weights, further) for row in rows)
    strayed = sum((weights[name] - EXPECTED[name]) ** 2 for name in EXPECTED)
    return loss + STRENGTH * (strayed + (further - EXPECTED_SHARE) ** 2)


def _log_loss(row: Row, weights: Weights, further: float) -> float:
    parts = [weights[name] * amount for name, amount in row.rises.items()]
    parts.append(weights[row.effect] if row.effect else 0.0)
    strongest = max(parts)
    total = PRIOR + strongest + further * (sum(parts) - strongest)
    return math.log1p(math.exp(-total if row.is_bad else total))


def _shipped() -> tuple[Weights, float]:
    combination = load_combination()
    shipped = {name: combination.weight_of(name) for name in SOURCES}
    return shipped | combination.weights.rules, combination.weights.further


def _key(name: str) -> str:
    return f'"{name}"' if ":" in name else name


if __name__ == "__main__":
    main()
