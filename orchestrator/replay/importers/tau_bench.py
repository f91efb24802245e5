"""tau-bench: one array, a record a run, `traj` a list of chat messages.

`info` holds the task as the simulated user has it, with the expected actions, and `reward` the
outcome; neither is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.replay.importers.conversation import Conversation
from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import Fields, Unfit, read_objects
from orchestrator.replay.importers.importer import Importer, RunFile, each_record


def recognises(record: object) -> bool:
    """Know a record that holds a trajectory."""
    return isinstance(record, dict) and isinstance(record.get("traj"), list)


def read_run(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one record."""
    if "traj" not in record:
        raise Unfit("has no trajectory")
    conversation = Conversation(file.draft(number))
    for at, message in enumerate(read_objects(record, "traj")):
        conversation.take(at, message)
    yield conversation.draft


TAU_BENCH = Importer("tau-bench", recognises, each_record(read_run))
