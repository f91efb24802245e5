"""The constitution: the principles that rules enforce and agents are shown."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

from pydantic import ValidationError

from orchestrator.domain.run import PackRef
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.legibility import CLAUSE
from orchestrator.rules.policies import PolicyText, find_policies
from orchestrator.rules.schema import Identifier, Names, Part


class Clause(Part):
    """One principle of the constitution."""

    id: Identifier
    text: str
    rationale: str
    severity: Literal["low", "medium", "high", "critical"]
    owasp: Names = ()
    """Ids of the OWASP Top 10 for agentic applications."""
    atlas: Names = ()
    """Ids of MITRE ATLAS techniques; analogues, since ATLAS models outside adversaries."""


class ConstitutionFile(Part):
    """The whole constitution."""

    version: str
    about: str = ""
    clauses: tuple[Clause, ...]


class Constitution(NamedTuple):
    """The clauses and the version they come from."""

    clauses: tuple[Clause, ...]
    ref: PackRef


def load_constitution() -> Constitution:
    """Read the shipped constitution."""
    return read_constitution(find_policies(()).constitution)


def read_constitution(policy: PolicyText) -> Constitution:
    """Read the text of a constitution; PolicyError with file and line where it is wrong."""
    document = read_document(policy.text, policy.file)
    try:
        parsed = ConstitutionFile.model_validate(document.data)
    except ValidationError as error:
        raise explain_fault(document, error, ConstitutionFile) from None
    seen: set[str] = set()
    for place, clause in enumerate(parsed.clauses):
        if clause.id in seen:
            raise document.error(f"the clause {clause.id} stands here twice", ("clauses", place))
        seen.add(clause.id)
    if CLAUSE not in seen:
        raise document.error(f"the clause {CLAUSE} is missing; built-in rules cite it")
    digest = hashlib.sha256(policy.text.encode()).hexdigest()
    return Constitution(
        parsed.clauses, PackRef(name="constitution", version=parsed.version, hash=digest)
    )
