"""Careful looks at foreign JSON: each gives an empty value where the wanted one is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.models.faults import Garbled


def as_dict(data: object) -> dict[str, Any]:
    """Return a JSON object; anything else is garbled."""
    if not isinstance(data, dict):
        raise Garbled(f"{type(data).__name__} instead of an object")
    return data


def mapping(data: object) -> Mapping[str, Any]:
    """Return `data` if it is a mapping."""
    return data if isinstance(data, Mapping) else {}


def first(data: object) -> Mapping[str, Any]:
    """Return the first mapping of a list."""
    return mapping(data[0]) if isinstance(data, list) and data else {}


def said(data: object) -> str:
    """Return `data` if it is text."""
    return data if isinstance(data, str) else ""


def count(data: object) -> int | None:
    """Return `data` if it is a count; None is "not said"."""
    is_count = isinstance(data, int) and not isinstance(data, bool) and data >= 0
    return data if is_count else None  # type: ignore[return-value]
