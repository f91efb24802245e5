"""Verdicts of many language models on pairs of known answer, and what votes make of them.

An item's "bad" is that the first of the two texts is the better one; nothing here has to do with
actions, but the votes, their shared errors and their weights are real. Only one order of each pair
is used, as one look at an action is. Which judges the published table had is not said; these are
chosen by kind: the plain prompt of each model, the plain prompt of all but the best model, all
plain prompts and one more of the best model, and three prompts that tell judges more. The published
majority and best single judge stand beside ours, to see how near the choice is.
"""

from __future__ import annotations

import csv
import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.panel.aggregation import Posterior, aggregate, to_score
from orchestrator.panel.calling import choose_first, choose_next, is_settled
from orchestrator.panel.fitting import Labelled, fit
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights

DRAWS = 50
SEED = 20
VERDICT = to_score(1.0)
"""A verdict without a probability counts as this much."""

VENDORS = {
    "GPT-4": "openai", "ChatGPT": "openai", "ChatGPT-0301": "openai", "PaLM2": "google",
    "Falcon": "tii", "LLaMA2": "meta",
}  # fmt: skip
WEAK = tuple(f"{model}/Vanilla" for model in ("PaLM2", "Falcon", "LLaMA2", "ChatGPT"))
OLDER = "ChatGPT-0301/Vanilla"
PANELS = {
    "5 models, one prompt": ("GPT-4/Vanilla", *WEAK),
    "5 weak models, no GPT-4": (*WEAK, OLDER),
    "7 mixed (2 strong)": ("GPT-4/Vanilla", "GPT-4/CoT", *WEAK, OLDER),
    "3 strong": ("GPT-4/Metrics_Reference", "GPT-4/Vanilla", "PaLM2/Metrics_Reference"),
}


class Judged(NamedTuple):
    """A pair of known answer and how each judge decided; unparsed answers are absent."""

    votes: Mapping[str, bool]
    bad: bool

    def restrict(self, names: Sequence[str]) -> Labelled:
        """Return the scores of these judges alone."""
        return Labelled(
            {
                name: VERDICT if self.votes[name] else 1.0 - VERDICT
                for name in names
                if name in self.votes
            },
            self.bad,
        )


class Quality(NamedTuple):
    """How well decisions and probabilities did."""

    accuracy: float
    log_loss: float
    calls: float = 0.0


def read_llmbar(data: Path) -> list[Judged]:
    """Read the first order of every pair."""
    votes: dict[tuple[str, str], dict[str, bool]] = defaultdict(dict)
    gold: dict[tuple[str, str], bool] = {}
    with (data / "verdicts/llmbar/verdicts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["swap"] == "0":
                item = row["subset"], row["item"]
                gold[item] = row["gold"] == "1"
                if row["win"] in ("1", "2"):
                    votes[item][f"{row['model']}/{row['prompt']}"] = row["win"] == "1"
    return [Judged(votes[item], bad) for item, bad in gold.items()]


def make_members(names: Sequence[str]) -> list[Member]:
    """Return the judges as members of a panel, all at one price."""
    return [Member(name, VENDORS[model], model) for name in names for model in [name.split("/")[0]]]


def majority(items: Sequence[Judged], names: Sequence[str]) -> float:
    """Return the accuracy of the majority, a tie counting half."""
    right = 0.0
    for item in items:
        said = [item.votes[name] for name in names if name in item.votes]
        lead = 2 * sum(said) - len(said)
        right += 0.5 if lead == 0 else float((lead > 0) == item.bad)
    return right / len(items)


def best_single(items: Sequence[Judged], names: Sequence[str]) -> float:
    """Return the accuracy of the best judge, which only somebody who knows the answers can pick."""
    return max(sum(item.votes.get(name) is item.bad for item in items) for name in names) / len(
        items
    )


def dawid_skene(items: Sequence[Judged], names: Sequence[str], rounds: int = 50) -> float:
    """Return the accuracy of Dawid and Skene's EM, which knows no answer and starts at the vote."""
    belief = [_share(item, names) for item in items]
    for _ in range(rounds):
        base = min(0.99, max(0.01, sum(belief) / len(belief)))
        yes = {name: (_rate(items, belief, name, True), _rate(items, belief, name, False))
               for name in names}  # fmt: skip
        belief = [_update(item, names, base, yes) for item in items]
    return sum(
        (chance > 0.5) == item.bad for chance, item in zip(belief, items, strict=True)
    ) / len(items)


def measure_fitted(
    items: Sequence[Judged], names: Sequence[str], n: int, *, may_invert: bool = False
) -> Quality:
    """Return the means over draws of `n` canaries; the other items are judged with all judges."""
    members = make_members(names)
    qualities = []
    for canaries, others in draws(items, n):
        weights = learn(members, canaries, may_invert)
        posteriors = [aggregate(weights, 0.0, one.restrict(names).scores) for one in others]
        qualities.append(_grade(others, posteriors, len(names)))
    return average(qualities)


def measure_sequential(
    items: Sequence[Judged], names: Sequence[str], band: Band, *, n: int = 40, first: int = 2,
    explore: float = 0.0, may_invert: bool = False,
) -> Quality:  # fmt: skip
    """Return the means over draws when judges are called one by one until the band is left."""
    members = make_members(names)
    qualities = []
    for at, (canaries, others) in enumerate(draws(items, n)):
        weights = learn(members, canaries, may_invert)
        lots = random.Random(SEED + at)
        results = [_call(members, weights, one.restrict(names).scores, band, first, explore, lots)
                   for one in others]  # fmt: skip
        calls = sum(calls for _, calls in results) / len(results)
        qualities.append(_grade(others, [posterior for posterior, _ in results], calls))
    return average(qualities)


def learn(members: Sequence[Member], canaries: Sequence[Judged], may_invert: bool) -> Weights:
    """Fit to canaries."""
    names = [member.name for member in members]
    labelled = [one.restrict(names) for one in canaries]
    return fit(members, labelled, may_invert=may_invert)


def draws(items: Sequence[Judged], n: int) -> list[tuple[list[Judged], list[Judged]]]:
    """Return canaries and the other items, the same draws for every panel."""
    drawn = []
    for draw in range(DRAWS):
        shuffled = list(items)
        random.Random(SEED * 1000 + draw).shuffle(shuffled)
        drawn.append((shuffled[:n], shuffled[n:]))
    return drawn


def average(qualities: Sequence[Quality]) -> Quality:
    """Return the mean of each figure."""
    return Quality(*(sum(column) / len(qualities) for column in zip(*qualities, strict=True)))


def _call(
    members: Sequence[Member], weights: Weights, says: Mapping[str, float], band: Band,
    first: int, explore: float, lots: random.Random,
) -> tuple[Posterior, int]:  # fmt: skip
    """Call judges until the band is left or none remains; an unparsed answer costs a call too."""
    called = [one.auditor for one in choose_first(members, weights, first, lots)]
    while True:
        posterior = aggregate(weights, 0.0, {name: says[name] for name in called if name in says})
        if is_settled(posterior, band) or len(called) == len(members):
            return posterior, len(called)
        called.append(choose_next(members, weights, posterior, called, explore, lots).auditor)


def _grade(items: Sequence[Judged], posteriors: Sequence[Posterior], calls: float) -> Quality:
    pairs = [(one.probability, item.bad) for one, item in zip(posteriors, items, strict=True)]
    right = sum(0.5 if chance == 0.5 else float((chance > 0.5) == bad) for chance, bad in pairs)
    loss = -sum(math.log(chance if bad else 1.0 - chance) for chance, bad in pairs)
    return Quality(right / len(pairs), loss / len(pairs), calls)


def _share(item: Judged, names: Sequence[str]) -> float:
    said = [item.votes[name] for name in names if name in item.votes]
    return sum(said) / len(said) if said else 0.5


def _rate(items: Sequence[Judged], belief: Sequence[float], name: str, bad: bool) -> float:
    """Return how often a judge says bad where the items are believed to be, or not; smoothed."""
    yes = total = 0.0
    for item, chance in zip(items, belief, strict=True):
        if name in item.votes:
            share = chance if bad else 1.0 - chance
            total += share
            yes += share * item.votes[name]
    return (yes + 0.01) / (total + 0.02)


def _update(
    item: Judged, names: Sequence[str], base: float, yes: Mapping[str, tuple[float, float]]
) -> float:
    log_odds = math.log(base / (1.0 - base))
    for name in names:
        if name in item.votes:
            if_bad, if_good = yes[name]
            ratio = if_bad / if_good if item.votes[name] else (1.0 - if_bad) / (1.0 - if_good)
            log_odds += math.log(ratio)
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, log_odds))))
