"""Alignment-faking scratchpads: `samples` with one text each, reasoning first and no tools.

The label beside the text is not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.domain.value import clean_text
from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import Fields, Unfit, read_objects
from orchestrator.replay.importers.importer import Importer, RunFile, each_record

_OPEN, _CLOSE = "<SCRATCHPAD_REASONING>", "</SCRATCHPAD_REASONING>"


def recognises(record: object) -> bool:
    """Know a file of samples that think before they answer."""
    samples = record.get("samples") if isinstance(record, dict) else None
    first = samples[0] if isinstance(samples, list) and samples else None
    return isinstance(first, dict) and isinstance(first.get("text"), str)


def read_samples(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read every sample as a run of one turn, numbered by its place."""
    if not isinstance(record.get("samples"), list):
        raise Unfit("has no list of samples")
    for place, sample in enumerate(read_objects(record, "samples")):
        if not isinstance(text := sample.get("text"), str):
            raise Unfit(f"samples[{place}] has no text")
        draft = file.draft(place)
        draft.has_calls = False
        turn = draft.open_turn(0)
        thoughts, _, answer = clean_text(text).partition(_CLOSE)
        turn.think(thoughts.replace(_OPEN, "", 1).strip())
        turn.say(answer.strip() or None)
        yield draft


SCRATCHPADS = Importer("alignment-faking", recognises, each_record(read_samples))
