"""The constitution: the principles that rules enforce and agents are shown."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

from pydantic import ValidationError

from orchestrator.domain.run import PackRef
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.legibility import CLAUSE
from orchestrator.rules.schema import Clause, ConstitutionFile


class Constitution(NamedTuple):
    """The clauses and the version they come from."""

    clauses: tuple[Clause, ...]
    ref: PackRef


def load_constitution() -> Constitution:
    """Read `policies/constitution.yaml`; PolicyError with file and line where it is wrong."""
    path = resources.files("policies") / "constitution.yaml"
    return read_constitution(path.read_text("utf-8"), str(path))


def read_constitution(text: str, file: str) -> Constitution:
    """Read the text of a constitution."""
    document = read_document(text, file)
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
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Constitution(
        parsed.clauses, PackRef(name="constitution", version=parsed.version, hash=digest)
    )
