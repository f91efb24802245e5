"""What a run teaches about its auditors: labels, and the weights and bounds that follow."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.auditors.auditor import Learned
from orchestrator.auditors.baseline.snapshot import hash_of
from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.panel.snapshot import (
    MOST_LABELS,
    Label,
    PanelSnapshot,
    PanelSnapshots,
    as_members,
    key_of,
)


def learn(
    snapshots: PanelSnapshots,
    before: str | None,
    auditors: Sequence[ModelAuditor],
    labels: Sequence[Label],
) -> Learned:
    """Return what is known once `labels` are added to the newest there is.

    Runs that end at the same time thus lose nothing of each other but what is kept in the same
    moment. A newest one that is damaged counts as none.
    """
    newest = snapshots.find()
    known = (snapshots.load(newest) if newest else None) or PanelSnapshot()
    after = add_labels(known, auditors, labels)
    body = after.to_text()
    return Learned(snapshot=hash_of(body), before=before, runs=after.runs, body=body)


def add_labels(
    known: PanelSnapshot, auditors: Sequence[ModelAuditor], labels: Sequence[Label]
) -> PanelSnapshot:
    """Return `known` with `labels`, and the weights of `auditors` that all of them teach."""
    from orchestrator.panel.fitting import Labelled, fit

    kept = (*known.labels, *labels)[-MOST_LABELS:]
    names = {key_of(one): one.name for one in auditors}
    labelled = [
        Labelled({names[key]: score for key, score in label.scores.items() if key in names},
                 label.bad)
        for label in kept
    ]  # fmt: skip
    told = [label for label in labelled if label.scores]
    return PanelSnapshot(
        weights=fit(as_members(auditors), told),
        versions={one.name: one.version for one in auditors},
        labels=kept,
        runs=known.runs + 1,
    )
