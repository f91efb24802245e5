"""The words of claims, results and calls, compiled from `policies/auditors/claims.yaml`."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

from pydantic import ValidationError

from orchestrator.auditors.frames import Lexicon, LexiconFile
from orchestrator.domain.action import ToolKind
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.patterns import check_pattern, compile_pattern
from orchestrator.rules.schema import Identifier, Names, Part


class ClaimsFile(Part):
    """What reviewers sign."""

    version: str
    subjects: dict[Identifier, str]
    """Name -> what is claimed of it."""
    turns: dict[str, Names]
    """Language -> RE2 patterns of where, in a sentence, a claim ends and a plan begins."""
    words: dict[str, dict[str, Names]]
    results: dict[str, dict[str, Names]]
    calls: dict[str, dict[str, Names]]
    relevance: dict[Identifier, tuple[ToolKind, ...]]
    """Clause -> the kinds of calls it can apply to."""


class Subject(NamedTuple):
    """Something agents claim to have come out well, with the bits that tell."""

    name: str
    says: str
    claimed: int
    run: int
    failed: int
    passed: int


class Wordbook:
    """Compiled once; serves any number of runs."""

    def __init__(self, file: ClaimsFile, digest: str) -> None:
        """Compile; ValueError names a part that is missing or a pattern RE2 cannot read."""
        self.hash = digest
        turns = [pattern for listed in file.turns.values() for pattern in listed]
        check_pattern(joined := "(?i)" + "|".join(turns))
        self.turn = compile_pattern(joined)
        self.words = Lexicon(LexiconFile(version=file.version, parts=file.words), digest)
        self.results = Lexicon(LexiconFile(version=file.version, parts=file.results), digest)
        self.calls = Lexicon(LexiconFile(version=file.version, parts=file.calls), digest)
        self.relevance = {clause: frozenset(kinds) for clause, kinds in file.relevance.items()}
        self.subjects = tuple(
            Subject(
                name,
                says,
                self.words.bits(name),
                self.calls.bits(name),
                self.results.bits(f"{name}-failed"),
                self.results.bits(f"{name}-passed"),
            )
            for name, says in file.subjects.items()
        )


def load_wordbook() -> Wordbook:
    """Read `policies/auditors/claims.yaml`; PolicyError with file and line where it is wrong."""
    path = resources.files("policies") / "auditors" / "claims.yaml"
    text = path.read_text("utf-8")
    document = read_document(text, str(path))
    try:
        parsed = ClaimsFile.model_validate(document.data)
    except ValidationError as error:
        raise explain_fault(document, error, ClaimsFile) from None
    try:
        return Wordbook(parsed, hashlib.sha256(text.encode()).hexdigest())
    except ValueError as error:
        raise document.error(str(error)) from None
