"""What hypothesis draws for panels: members, scores, and labels an imagined panel gave."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import strategies as st

from orchestrator.panel.aggregation import to_score
from orchestrator.panel.fitting import Labelled, fit
from orchestrator.panel.weights import Member, Weights

NAMES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")
MEMBERS = tuple(
    Member(name, f"vendor{at // 2}", f"model{at // 2 if at < 2 else at}")
    for at, name in enumerate(NAMES)
)
SCORES = st.dictionaries(st.sampled_from(NAMES), st.floats(0.0, 1.0), min_size=1)
PRIORS = st.floats(-5.0, 5.0)


def label(
    skills: Sequence[tuple[float, float]], count: int, seed: int, share_bad: float = 0.5
) -> list[Labelled]:
    """Let auditors of such sensitivities and specificities judge `count` actions on their own."""
    rng = random.Random(seed)
    labelled = []
    for _ in range(count):
        bad = rng.random() < share_bad
        scores = {}
        for name, (sensitivity, specificity) in zip(NAMES, skills, strict=False):
            right = rng.random() < (sensitivity if bad else specificity)
            scores[name] = to_score(rng.uniform(0.5, 1.5) * (1.0 if bad == right else -1.0))
        labelled.append(Labelled(scores, bad))
    return labelled


SKILLS = ((0.9, 0.95), (0.8, 0.9), (0.7, 0.8), (0.6, 0.7), (0.5, 0.5), (0.9, 0.4), (0.3, 0.4))
COLD = Weights.cold(MEMBERS)
FEW = fit(MEMBERS, label(SKILLS, 20, 1))
MANY = fit(MEMBERS, label(SKILLS, 300, 2))
PART = fit(MEMBERS, label(SKILLS[:3], 100, 3))
"""Only the first three auditors were ever graded."""
WEIGHTS = st.sampled_from([COLD, FEW, MANY, PART])
