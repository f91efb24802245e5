"""Rubrics: what an auditor that is a model is asked to do, as reviewed text with front matter."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias

import yaml
from pydantic import ValidationError

from orchestrator.config import nearest
from orchestrator.domain.value import Value
from orchestrator.errors import PolicyError

FENCE = "---"
Sight: TypeAlias = Literal["local", "clauses", "words"]
"""What a rubric's auditors see beside task, history and calls: findings of rules and local
auditors, the clauses of the constitution, and, at the second look, the agent's own words."""


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
        raise PolicyError("a rubric starts with front matter between two lines `---`", file=file)
    end = lines.index(FENCE, 1)
    body = "\n".join(lines[end + 1 :]).strip()
    try:
        front = FrontMatter.model_validate(yaml.safe_load("\n".join(lines[1:end])) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise PolicyError("front matter is not YAML", file=file, line=line) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        line = next((n for n, line in enumerate(lines[:end], 1) if line.startswith(f"{key}:")), 1)
        raise PolicyError(f"{key}: {first['msg']}", file=file, line=line) from None
    if not body:
        raise PolicyError("the rubric has no text", file=file, line=end + 1)
    return Rubric(front=front, text=body, hash=hashlib.sha256(text.encode()).hexdigest())
