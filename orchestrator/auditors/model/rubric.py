"""Rubrics: what an auditor that is a model is asked to do, as reviewed text with front matter."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ValidationError

from orchestrator.config import nearest
from orchestrator.domain.value import Value
from orchestrator.errors import PolicyError
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault

FENCE = "---"
Sight: TypeAlias = Literal["local", "clauses", "words", "effects"]
"""What a rubric's auditors see beside task, history and calls: findings of rules and local
auditors, the clauses of the constitution, at the second look the agent's own words, and what came
of each earlier call."""
OUTPUTS = {"auditor": "verdict", "rationale": "rationale", "paraphraser": "paraphrase"}
"""What each role answers with."""


class FrontMatter(Value):
    """What stands between the two lines of `---`."""

    name: str
    version: str
    role: Literal["auditor", "rationale", "paraphraser"] = "auditor"
    trust: Literal["any", "trusted"] = "any"
    sees: tuple[Sight, ...] = ("local",)
    output: Literal["verdict", "rationale", "paraphrase"] = "verdict"


class Rubric(Value):
    """A rubric as it is used."""

    front: FrontMatter
    text: str
    hash: str
    """Covers the file's exact bytes."""

    @property
    def looks(self) -> tuple[str, ...]:
        """Return the looks it is made for: the blind one, and one at the agent's words."""
        return ("first", "second") if "words" in self.front.sees else ("first",)


def load_rubric(name: str) -> Rubric:
    """Read a shipped rubric by name, or the file `name` where it is a path ending in .md."""
    if name.endswith(".md"):
        try:
            return read_rubric(Path(name).read_text("utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"cannot be read: {error}", file=name) from None
    if name not in rubric_names():
        raise PolicyError(f"no rubric {name!r}{nearest(name, rubric_names())}")
    path = resources.files("policies") / "auditors" / f"{name}.md"
    return read_rubric(path.read_text("utf-8"), str(path))


def rubric_names() -> list[str]:
    """Return the names of the shipped rubrics."""
    folder = resources.files("policies") / "auditors"
    return sorted(f.name[: -len(".md")] for f in folder.iterdir() if f.name.endswith(".md"))


def read_rubric(text: str, file: str) -> Rubric:
    """Read the text of a rubric; PolicyError with file and line where it is not understood."""
    lines = text.splitlines()
    if not lines or lines[0] != FENCE or FENCE not in lines[1:]:
        raise PolicyError(
            "a rubric starts with front matter between two lines `---`", file=file, line=1
        )
    end = lines.index(FENCE, 1)
    front = _read_front(lines[1:end], file)
    body = "\n".join(lines[end + 1 :]).strip()
    if not body:
        raise PolicyError("the rubric has no text", file=file, line=end + 1)
    return Rubric(front=front, text=body, hash=hashlib.sha256(text.encode()).hexdigest())


def _read_front(lines: list[str], file: str) -> FrontMatter:
    # The line of the fence is put back, so that lines are counted as they stand in the file.
    document = read_document("\n".join(["", *lines]), file)
    try:
        front = FrontMatter.model_validate(document.data or {})
    except ValidationError as error:
        raise explain_fault(document, error, FrontMatter) from None
    if OUTPUTS[front.role] != front.output:
        message = f"the role {front.role} answers with {OUTPUTS[front.role]}, not {front.output}"
        raise document.error(message, ("output",))
    return front
