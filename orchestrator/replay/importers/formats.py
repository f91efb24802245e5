"""The table of formats, and which of them a file is."""

from __future__ import annotations

from orchestrator.errors import ReplayError
from orchestrator.replay.importers.agentdojo import AGENTDOJO
from orchestrator.replay.importers.atif import ATIF
from orchestrator.replay.importers.claude_code import CLAUDE_CODE
from orchestrator.replay.importers.exported import CROSSAUDIT
from orchestrator.replay.importers.gemini_cli import GEMINI_CLI
from orchestrator.replay.importers.importer import Importer
from orchestrator.replay.importers.inspect_log import INSPECT
from orchestrator.replay.importers.openai_chat import OPENAI
from orchestrator.replay.importers.openhands import OPENHANDS_EVENTS, OPENHANDS_OUTPUT
from orchestrator.replay.importers.otlp import OTLP
from orchestrator.replay.importers.pi import PI
from orchestrator.replay.importers.r_judge import ASSEBENCH, R_JUDGE
from orchestrator.replay.importers.scratchpads import SCRATCHPADS
from orchestrator.replay.importers.swe_agent import SWE_AGENT
from orchestrator.replay.importers.tau_bench import TAU_BENCH

FORMATS: dict[str, Importer] = {
    importer.name: importer
    for importer in (  # the first that recognises a value has it, so the broadest stand last
        CROSSAUDIT,
        INSPECT,
        OTLP,
        ATIF,
        AGENTDOJO,
        TAU_BENCH,
        ASSEBENCH,
        R_JUDGE,
        SCRATCHPADS,
        OPENHANDS_OUTPUT,
        OPENHANDS_EVENTS,
        SWE_AGENT,
        GEMINI_CLI,
        CLAUDE_CODE,
        PI,
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
