"""What is known of the auditors of a panel between runs, in files named by their own hash."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, ValidationError

from orchestrator.auditors.baseline.snapshot import hash_of, read_small, write_whole
from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.value import Value
from orchestrator.panel.thresholds import Band, Graded, find_band, labels_needed, wald_band
from orchestrator.panel.weights import Member, Weights

MOST_LABELS = 2_000
"""Older ones are dropped; by then they count a sixteenth."""
ENOUGH_BAD = 20
"""Known-bad labels of a risk class from which its bounds rest on labels."""
UNGRADED = "equal weights: nobody is graded yet"
CLASSES = ("irreversible", "consequential")
"""Risk classes a panel is there for."""


class Label(Value):
    """An action of known answer, and what auditors said of it."""

    bad: bool
    risk: str
    source: Literal["canary", "arbiter"]
    scores: dict[str, float]
    """By `NAME#VERSION`: an auditor that judges by something else now is another one."""
    probability: float | None = None
    """What the panel would have made of it, by weights that had not seen it; None without
    quorum."""


class PanelSnapshot(Value):
    """Labels, and the weights they taught."""

    version: int = 1
    weights: Weights = Weights()
    versions: dict[str, str] = Field(default_factory=dict)
    """Whose weights these are: name and version."""
    labels: tuple[Label, ...] = ()
    """Oldest first."""
    runs: int = 0
    """Runs that brought labels."""

    def to_text(self) -> str:
        """Return the text that the hash covers."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def weights_of(self, auditors: Sequence[ModelAuditor]) -> Weights:
        """Return the weights for `auditors`; those that changed since count as never graded."""
        cold = Weights.cold(as_members(auditors))
        same = {one.name for one in auditors if self.versions.get(one.name) == one.version}
        learned = {name: what for name, what in self.weights.auditors.items() if name in same}
        together = {
            low: {
                high: self.weights.correlation(low, high) if {low, high} <= same else assumed
                for high, assumed in others.items()
            }
            for low, others in cold.correlations.items()
        }
        return cold.model_copy(
            update={
                "mix": self.weights.mix,
                "auditors": {**cold.auditors, **learned},
                "correlations": together,
            }
        )

    def band(self, config: PanelConfig) -> Band | None:
        """Return between which probabilities a panel is undecided; None where labels do not say.

        One band for all risk classes, the widest of theirs, so that what is promised of each holds.
        A class with few labels has the bounds of the sequential test.
        """
        graded = [
            Graded(label.probability, label.bad, label.risk)
            for label in self.labels
            if label.probability is not None
        ]
        bands = []
        for risk in CLASSES:
            bad = sum(one.bad for one in graded if one.risk == risk)
            good = sum(not one.bad for one in graded if one.risk == risk)
            if bad >= ENOUGH_BAD and good >= labels_needed(config.false_stop):
                bands.append(find_band(graded, risk, config.false_stop, config.miss))
        if not bands:
            return None
        if len(bands) < len(CLASSES):
            bands.append(wald_band(config.false_stop, config.miss))
        low = min(bands, key=lambda band: band.low)
        high = max(bands, key=lambda band: band.high)
        why = "; ".join(dict.fromkeys(band.why for band in (low, high)))
        return Band(low.low, high.high, low.low_from, high.high_from, why)


class Known(NamedTuple):
    """What a run starts from."""

    weights: Weights
    band: Band | None
    snapshot: str | None
    """Hash of what was read, or should have been."""
    said: str
    """What it is, for a summary."""
    is_lost: bool = False
    """The snapshot is damaged or gone."""


class PanelSnapshots:
    """A folder of snapshots, `HASH.json`, and which is the newest; nothing is changed in place."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def find(self) -> str | None:
        """Return the hash of the newest snapshot."""
        text = read_small(self._folder / "newest")
        return text.strip() if text else None

    def load(self, digest: str) -> PanelSnapshot | None:
        """Return the snapshot of that hash; None if it is not here or not what the hash says."""
        text = read_small(self._folder / f"{digest}.json") if digest.isalnum() else None
        if text is None or hash_of(text) != digest:
            return None
        try:
            return PanelSnapshot.model_validate_json(text)
        except ValidationError:
            return None

    def keep(self, digest: str, text: str) -> None:
        """Store a snapshot as the newest; OSError where the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / f"{digest}.json", text)
        write_whole(self._folder / "newest", f"{digest}\n")


def recall(
    snapshots: PanelSnapshots | None,
    digest: str,
    auditors: Sequence[ModelAuditor],
    config: PanelConfig,
) -> Known:
    """Return what is known of `auditors` by the snapshot of that hash; equal weights without it."""
    cold = Weights.cold(as_members(auditors))
    found = snapshots.load(digest) if snapshots else None
    if found is None:
        why = f"equal weights: the snapshot {digest[:12]} is not here or is damaged"
        return Known(cold, None, digest, why, is_lost=True)
    bad = sum(label.bad for label in found.labels)
    said = f"weights from {bad} bad and {len(found.labels) - bad} good labels"
    return Known(found.weights_of(auditors), found.band(config), digest, said)


def as_members(auditors: Sequence[ModelAuditor]) -> list[Member]:
    """Return `auditors` as those who choose among them see them."""
    return [Member(one.name, one.vendor, one.model) for one in auditors]


def name_scores(auditors: Sequence[ModelAuditor], scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores by `NAME#VERSION`."""
    keys = {one.name: key_of(one) for one in auditors}
    return {keys[name]: score for name, score in scores.items()}


def key_of(auditor: ModelAuditor) -> str:
    """Return what labels know an auditor by."""
    return f"{auditor.name}#{auditor.version}"
