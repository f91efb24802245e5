"""What a run is after each of its events, for whoever shows it: live view, replay and plain lines.

One fold for all of them. The parts stand in files of their own; the screen knows only this one.
"""

from __future__ import annotations

from orchestrator.replay.batches import Batch, Unreadable
from orchestrator.replay.case import Case, Debate, build_case
from orchestrator.replay.filtering import EXAMPLES, FIELDS, IS, Filter, parse_filter
from orchestrator.replay.health import Cell, Health, find_cells
from orchestrator.replay.rows import (
    DOUBT,
    GLYPHS,
    Mark,
    Row,
    Tone,
    mark_of,
    row_of,
    short_arguments,
)
from orchestrator.replay.state import RunState, Score, Waiting, fold, step
from orchestrator.replay.track import Track, play_back, warm_up

__all__ = [
    "DOUBT", "EXAMPLES", "FIELDS", "GLYPHS", "IS", "Batch", "Case", "Cell", "Debate", "Filter",
    "Health", "Mark", "Row", "RunState", "Score", "Tone", "Track", "Unreadable", "Waiting",
    "build_case", "find_cells", "fold", "mark_of", "parse_filter", "play_back", "row_of",
    "short_arguments", "step", "warm_up",
]  # fmt: skip
