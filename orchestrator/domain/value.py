"""The frozen base of every value, and the border where foreign data becomes clean JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

JsonObject: TypeAlias = dict[str, JsonValue]

MAX_DEPTH = 64
TOO_DEEP = "‹nested too deep to show›"


class Value(BaseModel):
    """A frozen value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def clean(data: Any, depth: int = 0) -> JsonValue:
    """Turn anything a host or a file hands over into JSON that survives every store.

    Lone surrogates become U+FFFD, NaN and infinities become their names, keys become text,
    bytes are decoded with replacement, other objects become their `repr`, and what lies deeper
    than `MAX_DEPTH` becomes `TOO_DEEP`. Never raises, so that odd input is judged, not dropped.
    """
    if data is None or isinstance(data, bool):
        return data
    if isinstance(data, str):
        return clean_text(data)
    if isinstance(data, int):
        return int(data) if -(2**63) <= data < 2**63 else _large_number(data)
    if isinstance(data, float):
        return float(data) if math.isfinite(data) else str(data)
    if depth >= MAX_DEPTH:
        return TOO_DEEP
    if isinstance(data, Mapping):
        return {clean_text(str(key)): clean(item, depth + 1) for key, item in data.items()}
    if isinstance(data, (list, tuple, set, frozenset)):
        return [clean(item, depth + 1) for item in data]
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data).decode("utf-8", "replace")
    if isinstance(data, BaseModel):
        return clean(data.model_dump(), depth + 1)
    return _describe(data)


def clean_text(text: str) -> str:
    """Return `text` with lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def is_too_deep(data: JsonValue) -> bool:
    """Say whether `clean` had to cut `data` off."""
    if isinstance(data, dict):
        return any(is_too_deep(item) for item in data.values())
    if isinstance(data, list):
        return any(is_too_deep(item) for item in data)
    return data == TOO_DEEP


def _large_number(number: int) -> str:
    return hex(number)  # str() of a huge integer is refused by Python itself


def _describe(data: object) -> str:
    try:
        return clean_text(repr(data))
    except Exception:
        return f"‹{type(data).__name__} that cannot be shown›"
