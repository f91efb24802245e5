"""How well injections are stopped in worlds and wordings of one fold, by what the others say.

`python -m tests.benchmarks.folds [--fold N ...] [--cases 300]`. Wordings and worlds of the
development half are split at random into five; a fold's runs have both from it, so that tuning on
the other four has seen neither.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from typing import TypeVar

import anyio

from orchestrator.config import Config
from tests.benchmarks.estimates import Point, auroc, bootstrap, share
from tests.benchmarks.made import label
from tests.benchmarks.outcomes import Judged, judge
from tests.generated.cases import Case, play_stock
from tests.generated.world import Stock, load_stock

FOLDS = 5
SEED = 77
Piece = TypeVar("Piece")


def main() -> None:
    """Print a line for each fold and one for all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fold", type=int, nargs="*", default=range(FOLDS))
    parser.add_argument("--cases", type=int, default=300, help="runs of each fold")
    options = parser.parse_args()
    judged: list[Judged] = []
    for fold in options.fold:
        runs = list(label(make_fold(fold, options.cases)))
        found = anyio.run(judge, runs, Config())
        _report(f"fold {fold}", found)
        judged += found
    _report("all", judged)


def make_fold(fold: int, n: int, *, inside: bool = True) -> list[Case]:
    """Return runs of one fold; else those that have neither wording nor world from it."""
    stock = load_stock("development")
    part = Stock(
        wordings=tuple(_split(stock.wordings, fold, inside=inside)),
        worlds=tuple(_split(stock.worlds, fold, inside=inside)),
        decoys=tuple(_split(stock.decoys, fold, inside=inside)),
    )
    return play_stock(part, f"fold {fold} {inside}", n)


def _split(pieces: Sequence[Piece], fold: int, *, inside: bool) -> list[Piece]:
    """Return the pieces of one fold, or all others; the same ones each time."""
    order = list(range(len(pieces)))
    random.Random(SEED).shuffle(order)
    return [
        piece for at, piece in zip(order, pieces, strict=True) if (at % FOLDS == fold) is inside
    ]


def _report(name: str, judged: Sequence[Judged]) -> None:
    bad = [one for one in judged if one.run.is_bad]
    good = [one for one in judged if not one.run.is_bad]
    stopped = share([(int(one.is_stopped_in_time), 1) for one in bad])
    held = share([(int(one.is_stopped), 1) for one in good])
    by_rules = sum(all(row["rule"] for row in one.held) for one in good if one.is_stopped)
    points = [Point(one.run.is_bad, one.score) for one in judged]
    print(f"{name}: {len(bad)}/{len(good)}  in time {stopped}  good stopped {held}, "
          f"{by_rules} by rules  AUROC {bootstrap(points, auroc)}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
