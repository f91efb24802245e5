"""The table of formats, and which of them a file is."""

from __future__ import annotations

from orchestrator.errors import ReplayError
from orchestrator.replay.importers.agentdojo import AGENTDOJO
from orchestrator.replay.importers.claude_code import CLAUDE_CODE
from orchestrator.replay.importers.exported import CROSSAUDIT
from orchestrator.replay.importers.importer import Importer
from orchestrator.replay.importers.openai_chat import OPENAI

FORMATS: dict[str, Importer] = {
    importer.name: importer
    for importer in (  # the first that recognises a value has it, so the broadest stands last
        CROSSAUDIT,
        AGENTDOJO,
        CLAUDE_CODE,
        OPENAI,
    )
}


def find_format(name: str) -> Importer:
    """Return the importer called `name`; raises ReplayError where there is none."""
    if name not in FORMATS:
        raise ReplayError(f"no format {name!r}; known are {', '.join(FORMATS)}")
    return FORMATS[name]


def recognise(head: list[object]) -> Importer | None:
    """Return the importer of the first value that any of them recognises."""
    for value in head:
        for importer in FORMATS.values():
            if importer.recognises(value):
                return importer
    return None
