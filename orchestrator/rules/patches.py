"""Apply what `modify` rules ask for."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from orchestrator.domain.action import Action
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Hit

CONTENT = "/content"
"""The pointer of a patch that changes a tool result."""


def apply_patches(action: Action, hits: Sequence[Hit]) -> Action | None:
    """Return the action as the hits change it; None if two of them change one argument.

    Two hits that ask for the same value agree and do not collide.
    """
    wanted: dict[str, Any] = {}
    for hit in hits:
        for patch in hit.patches:
            if patch.path in wanted and wanted[patch.path] != patch.value:
                return None
            wanted[patch.path] = patch.value
    if any(_lies_below(path, other) for path in wanted for other in wanted):
        return None
    arguments = copy.deepcopy(action.arguments)
    for path, value in wanted.items():
        if not _write_pointer(arguments, path, value):
            return None
    return action.model_copy(update={"arguments": arguments})


def patch_text(content: str, hits: Sequence[Hit]) -> str:
    """Return a tool result as the hits of one `observe` leave it; each builds on the last."""
    for hit in hits:
        for patch in hit.patches:
            if patch.path == CONTENT and isinstance(patch.value, str):
                content = patch.value
    return content


def read_pointer(data: Any, path: str) -> Any:
    """Return what stands at a JSON pointer; None if nothing does."""
    for part in _split(path):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def _write_pointer(data: JsonObject, path: str, value: Any) -> bool:
    *parents, last = _split(path)
    holder = read_pointer(data, "".join(f"/{_escape(part)}" for part in parents))
    if isinstance(holder, dict):
        holder[last] = value
        return True
    if isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
        holder[int(last)] = value
        return True
    return False


def _lies_below(path: str, other: str) -> bool:
    return path != other and path.startswith(other + "/")


def _split(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
