"""One suspicion for an action, from what the rules and all auditors say; weights are data.

Log-odds add: the prior of an action nobody says anything about, and what each source adds to it.
An opinion adds its weight times the distance of its own log-odds above the prior, so that a lone
opinion of weight 1 is taken as it is (naive Bayes over calibrated experts). What sources see is
not independent, so the one that adds most counts in full and the others in part. Nothing takes
away: a missing opinion and a low score both add nothing, since neither shows that an action is
clear, and a trace that sounds innocent must not weigh against what an action does.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import NamedTuple

from pydantic import Field, ValidationError

from orchestrator.domain.verdict import Effect, Hit, Scored, Verdict
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.schema import Part

PRIOR, RULES = "prior", "rules"
TRACE = "trace"
"""The look of a verdict that rests on the agent's words alone."""
SUREST = 0.99
"""Scores above count as this: nobody is certain."""


class WeightFile(Part):
    """The weights as `policies/auditors/weights.yaml` holds them."""

    version: str
    prior: float = Field(gt=0.0, lt=0.5)
    """Probability that an action nobody says anything about should not run."""
    auditors: dict[str, float]
    """Weight of each source: an auditor's name, or `NAME:trace` for its trace-only opinions."""
    others: float = Field(ge=0.0, le=1.0)
    """Weight of an auditor that is not listed."""
    further: float = Field(ge=0.0, le=1.0)
    """What every source but the strongest counts: 1 if they were independent, 0 if copies."""
    rules: dict[Effect, float]
    """Log-odds that the strictest hit on the action adds."""
    fitted: str = ""
    """What the weights were fitted on."""


class Combined(NamedTuple):
    """A suspicion, and what it is made of."""

    suspicion: float | None
    """None when no auditor scored."""
    contributions: dict[str, float]
    """Log-odds by source; sources that add nothing are left out."""


class Combination:
    """Combine opinions under one set of weights."""

    def __init__(self, weights: WeightFile, digest: str = "") -> None:
        self.weights = weights
        self.hash = digest
        self._prior = _log_odds(weights.prior)

    def combine(self, hits: Iterable[Hit], verdicts: Sequence[Verdict], action: str) -> Combined:
        """Return the suspicion of `action`; `hits` and `verdicts` may cover the whole turn.

        A turn's verdict (`action` None) counts for each of its actions; of several opinions of one
        source the highest counts.
        """
        highest = highest_scores(verdicts, action)
        if not highest:
            return Combined(None, {})
        rules = (self.weights.rules.get(hit.effect, 0.0) for hit in hits if hit.action == action)
        added = {RULES: max(rules, default=0.0)}
        for source, score in highest.items():
            added[source] = self.weight_of(source) * rise(score, self._prior)
        strongest = max(added, key=added.__getitem__)
        contributions = {PRIOR: self._prior}
        for source, amount in added.items():
            if amount > 0.0:
                share = 1.0 if source == strongest else self.weights.further
                contributions[source] = share * amount
        suspicion = 1.0 / (1.0 + math.exp(-sum(contributions.values())))
        return Combined(
            round(suspicion, 4), {name: round(part, 4) for name, part in contributions.items()}
        )

    def log_odds(self, combined: Combined) -> float:
        """Return the log-odds of a suspicion; the prior's where no auditor scored."""
        return self._prior if combined.suspicion is None else _log_odds(_inside(combined.suspicion))

    def weight_of(self, source: str) -> float:
        """Return the weight of an auditor's name or of `NAME:trace`."""
        return self.weights.auditors.get(source, self.weights.others)


def source_of(verdict: Verdict) -> str:
    """Return the name its weight stands under."""
    return f"{verdict.auditor}:{TRACE}" if verdict.look == TRACE else verdict.auditor


def highest_scores(verdicts: Iterable[Verdict], action: str) -> dict[str, float]:
    """Return the highest score of each source for `action`."""
    highest: dict[str, float] = {}
    for verdict in verdicts:
        if isinstance(verdict.opinion, Scored) and verdict.action in (None, action):
            source = source_of(verdict)
            highest[source] = max(highest.get(source, 0.0), verdict.opinion.suspicion)
    return highest


def rise(score: float, prior: float) -> float:
    """Return by how much the log-odds of `score` exceed `prior`, itself log-odds; never below 0."""
    return max(0.0, _log_odds(min(score, SUREST)) - prior) if score > 0.0 else 0.0


@functools.cache
def load_combination() -> Combination:
    """Read the shipped weights; PolicyError with file and line where they are wrong."""
    path = resources.files("policies") / "auditors" / "weights.yaml"
    return read_combination(path.read_text("utf-8"), str(path))


def read_combination(text: str, file: str) -> Combination:
    """Read the text of a weights file; a negative weight is refused, as is a NaN."""
    document = read_document(text, file)
    try:
        parsed = WeightFile.model_validate(document.data)
    except ValidationError as error:
        raise explain_fault(document, error, WeightFile) from None
    for section in ("auditors", "rules"):
        for name, weight in getattr(parsed, section).items():
            if not 0.0 <= weight <= 10.0:
                raise document.error(f"{name}: a weight is from 0 to 10", (section, name))
    return Combination(parsed, hashlib.sha256(text.encode()).hexdigest())


def _inside(suspicion: float) -> float:
    return min(max(suspicion, 1.0 - SUREST), SUREST)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability))
