"""Can form alone tell canaries from real turns? AUC out of fold of a simple classifier.

`python -m tests.benchmarks.bench_canaries [--runs N]`, over generated worlds and, where they are,
recorded runs of others. Known-good canaries stand against the benign real turns of the same runs,
known-bad ones against the turns they were mutated from; both should stay below .60. The classifier
sees lengths, the order of keys, and n-grams of all that was not exchanged; not the exchanged text
itself, which is what an auditor is to judge.
"""

from __future__ import annotations

import argparse
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.prompt import write_prompt
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.audits.canary import Canary, Workshop
from orchestrator.audits.certainty import keep_before, request_for
from orchestrator.audits.stock import load_stock
from orchestrator.domain.action import Action
from orchestrator.domain.chance import Chance
from orchestrator.replay.recording import Recording
from orchestrator.rules.ruleset import RuleSet
from tests.benchmarks.estimates import Estimate, Point, auroc, bootstrap
from tests.benchmarks.labelled import find_shared, read_plain
from tests.benchmarks.turns import Shown, find_rules, panelled
from tests.generated.cases import generate

HASHED, FOLDS, STEPS, RIDGE = 2048, 5, 150, 1.0
MOST_TURNS = 12
"""Turns of one run, so that no long one stands for all."""
FOLDERS = ("agentdojo", "tau-bench", "claude-code", "pi-session", "swe-agent", "openhands-output")

Array = npt.NDArray[np.float64]


class Example(NamedTuple):
    """What a classifier may look at, and whether it is a canary."""

    run: int
    is_canary: bool
    text: str
    numbers: tuple[float, ...]


def main() -> None:
    """Print both areas for each set, and how many turns a canary could be made of."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=300)
    most = parser.parse_args().runs
    rules = find_rules()
    for name, runs in sources(most):
        shown = list(read_turns(runs, rules))
        for bad in (False, True):
            examples, made = make_examples(shown, rules, bad=bad)
            kind = "bad " if bad else "good"
            print(f"{name:<18} known-{kind} {made:5} of {len(shown)} turns, AUC {area(examples)}")


def sources(most: int) -> Iterator[tuple[str, Iterable[Recording]]]:
    """Yield benign runs by the name of their set."""
    cases = generate(11, most)
    yield "generated", (case.recording for case in cases if not case.is_bad)
    if (folder := find_shared()) is None:
        print("no recorded runs of others: set CROSSAUDIT_SHARED")
        return
    for name in FOLDERS:
        if (folder / name).is_dir():
            yield name, itertools.islice(read_plain(folder / name), most)


def read_turns(runs: Iterable[Recording], rules: RuleSet) -> Iterator[tuple[int, Shown]]:
    """Yield the panelled turns with the number of their run."""
    for number, run in enumerate(runs):
        for shown in itertools.islice(panelled(run, rules), MOST_TURNS):
            yield number, shown


def make_examples(
    turns: Sequence[tuple[int, Shown]], rules: RuleSet, *, bad: bool
) -> tuple[list[Example], int]:
    """Return canaries and the real turns they stand against, and how many were made."""
    made: list[tuple[int, Canary]] = []
    for place, (run, shown) in enumerate(turns):
        draw = Chance("bench").draw(place, bad)
        workshop = Workshop(rules, shown.facts, load_stock())
        if canary := workshop.make(shown.case, bad=bad, draw=draw):
            made.append((run, canary))
    examples = [describe(run, one.case, one.action, one.new, True) for run, one in made]
    if bad:
        examples += [describe(run, one.real, one.action, one.old, False) for run, one in made]
        return examples, len(made)
    runs = {run for run, _ in made}
    for run, shown in turns:
        if run in runs and shown.case.open:
            action = Chance("real").draw(run, shown.case.turn.index).choice(shown.case.open)
            examples.append(describe(run, shown.case, action, "", False))
    return examples, len(made)


def describe(run: int, case: Case, action: str, touched: str, is_canary: bool) -> Example:
    """Return the form of a turn as it is shown.

    Of a text exchanged in the call only that is left out of the n-grams; else the whole call is,
    with the end of the user's words, which a request for it may have taken the place of.
    """
    (asked,) = [one for _, one in case.questions if one.id == action]
    own = json.dumps(asked.arguments, ensure_ascii=False, indent=1)[1:-1]
    whole = _write(case, run, is_canary)
    words = max((case.history.task or "", *case.history.user), key=len)
    sizes = (len(whole), len(own), len(asked.tool), len(asked.arguments), len(case.history.steps),
             len(case.open), max((len(str(v)) for v in asked.arguments.values()), default=0),
             own.count("\\n"), len(case.history.user), len(words), whole.count("\n"))  # fmt: skip
    cut = json.dumps(touched, ensure_ascii=False)[1:-1]
    start = whole.rindex('"calls": [')
    if touched and cut in whole[start:]:
        text = whole[:start] + whole[start:].replace(cut, "", 1)
        own = own.replace(cut, "", 1)
    else:
        text = _write(_without_end(case, asked), run, is_canary)
        text = text[: text.rindex('"calls": [')]
        own = ""
    keys = list(asked.arguments)
    order = tuple(sorted(range(len(keys)), key=keys.__getitem__))
    numbers = [float(np.log1p(size)) for size in (*sizes, sum(c.isdigit() for c in own))]
    numbers += [float(keys == sorted(keys)), zlib.crc32(str(order).encode()) / 2**32]
    return Example(run, is_canary, text, tuple(numbers))


def _write(case: Case, run: int, is_canary: bool) -> str:
    """Return what an auditor is shown, without the nonce, which is as random in either."""
    nonce = Chance(f"{run}").nonce(case.turn.index, is_canary)
    prompt = write_prompt(load_rubric("action-only"), case, nonce=nonce, auditor="a")
    return prompt.messages[1].content.replace(nonce, "")


def _without_end(case: Case, asked: Action) -> Case:
    """Leave out as much of the end of the user's words as a request for the call takes."""
    history, request = case.history, request_for(asked)
    said = [history.task or "", *history.user]
    at = max(range(len(said)), key=lambda place: len(said[place]))
    asks = said[at].endswith(request)
    said[at] = said[at][: -len(request)].rstrip() if asks else keep_before(said[at], len(request))
    return case._replace(history=history._replace(task=said[0], user=tuple(said[1:])))


def area(examples: Sequence[Example]) -> Estimate:
    """Return the area under the curve of scores that each fold's classifier had not seen."""
    labels = [example.is_canary for example in examples]
    if not any(labels) or all(labels):
        return Estimate(np.nan, np.nan, np.nan)
    scores = score_out_of_fold(examples)
    points = [Point(bad, float(score)) for bad, score in zip(labels, scores, strict=True)]
    return bootstrap(points, auroc)


def score_out_of_fold(examples: Sequence[Example]) -> Array:
    """Return a score for each example by a classifier that saw no turn of its run."""
    text = np.stack([_hash(example.text) for example in examples])
    numbers = np.array([example.numbers for example in examples])
    numbers = (numbers - numbers.mean(axis=0)) / (numbers.std(axis=0) + 1e-9)
    table = np.hstack([text * 4.0, numbers])
    labels = np.array([example.is_canary for example in examples], dtype=np.float64)
    folds = np.array([zlib.crc32(str(example.run).encode()) % FOLDS for example in examples])
    scores = np.zeros(len(examples))
    for fold in range(FOLDS):
        held = folds == fold
        if held.any() and len(set(labels[~held])) == 2:
            weights, bias = _fit(table[~held], labels[~held])
            scores[held] = table[held] @ weights + bias
    return scores


def _fit(table: Array, labels: Array) -> tuple[Array, float]:
    """Fit logistic regression with a ridge, by accelerated gradient steps; classes count alike."""
    worth = np.where(labels > 0.5, 0.5 / labels.sum(), 0.5 / (1.0 - labels).sum())
    weights = ahead = np.zeros(table.shape[1])
    bias = 0.0
    pace = 4.0 / (float((worth @ table**2).sum()) + 1.0)
    for step in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(table @ ahead + bias, -30.0, 30.0)))
        error = worth * (chance - labels)
        slope = table.T @ error + RIDGE / len(labels) * ahead
        before, weights = weights, ahead - pace * slope
        ahead = weights + step / (step + 3.0) * (weights - before)
        bias -= pace * float(error.sum())
    return weights, bias


def _hash(text: str) -> Array:
    """Return hashed counts of pairs of words and triples of characters, damped, of length 1."""
    counts = np.zeros(HASHED)
    words = text.split()
    grams = [f"{one} {two}" for one, two in itertools.pairwise(words)]
    grams += [text[at : at + 3] for at in range(len(text) - 2)]
    for gram in grams:
        counts[zlib.crc32(gram.encode("utf-8", "replace")) % HASHED] += 1.0
    damped = np.log1p(counts)
    return np.asarray(damped / (np.linalg.norm(damped) + 1e-9))


if __name__ == "__main__":
    main()
