"""Read the arguments of a call: any JSON, of any depth and size, from a host or an attacker."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from orchestrator.domain.value import JsonObject, clean_text
from orchestrator.rules.facets import Finding, Text
from orchestrator.rules.tools import Role, ToolMap, plain_name

MAX_TEXTS = 20_000
"""More strings than this in one call are too many to judge; the call is held for that."""

_HUGE = 1e300


def read_texts(arguments: JsonObject, tools: ToolMap) -> Iterator[Text]:
    """Walk the arguments without recursion, for they may be nested as deep as they like."""
    stack: list[tuple[str, str, frozenset[Role], JsonValue]] = [
        (join_pointer("", name), plain_name(name), tools.roles_of(name), value)
        for name, value in reversed(arguments.items())
    ]
    count = 0
    while stack and count < MAX_TEXTS:
        pointer, argument, roles, value = stack.pop()
        if isinstance(value, str):
            count += 1
            yield Text(pointer, argument, roles, clean_text(value))
        elif isinstance(value, dict):
            for key, item in reversed(value.items()):
                own = tools.roles_of(key)
                stack.append((join_pointer(pointer, key), argument, own or roles, item))
        elif isinstance(value, list):
            stack.extend(
                (f"{pointer}/{place}", argument, roles, value[place])
                for place in range(len(value) - 1, -1, -1)
            )


def read_numbers(
    arguments: JsonObject, tools: ToolMap
) -> Iterator[tuple[frozenset[str], float, Finding]]:
    """Yield every number, and text that is one, with the names and roles it goes by."""
    stack: list[tuple[str, str, JsonValue]] = [("", "", arguments)]
    count = 0
    while stack and count < MAX_TEXTS:
        pointer, name, value = stack.pop()
        count += 1
        if isinstance(value, dict):
            stack += [(join_pointer(pointer, key), key, value[key]) for key in value]
        elif isinstance(value, list):
            stack += [(f"{pointer}/{place}", name, item) for place, item in enumerate(value)]
        elif (number := _read_number(value)) is not None:
            names = frozenset((plain_name(name), *tools.roles_of(name)))
            shown = str(value) if abs(number) < _HUGE else "a number beyond all bounds"
            yield names, number, Finding(pointer, 0, len(shown), shown)


def _read_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < _HUGE else math.inf if value > 0 else -math.inf
    if not isinstance(value, str) or len(value) > 40:
        return None
    text = value.strip().strip("$€£ ").replace(",", "").replace("_", "")
    text = text.removesuffix("EUR").removesuffix("USD").strip()
    if not text[:1].isdigit() and text[:1] not in ("-", ".", "+"):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def join_line(value: Any) -> str:
    """Make one shell line of a command given as text, as words or as several commands."""
    if isinstance(value, str):
        return clean_text(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return ""
    several = len(value) > 1 and all(" " in item for item in value)
    return clean_text("\n".join(value) if several else shlex.join(value))


def split_addresses(text: str) -> Iterator[str]:
    """Yield the addresses in a list such as `Ann <ann@example.com>, bob@example.com`."""
    for piece in text.replace(";", ",").split(","):
        if (address := piece.strip()) and len(address) < 512:
            yield address.rsplit("<", 1)[-1].rstrip(">").strip() or address


def sends_data(arguments: JsonObject) -> bool:
    """Say whether an HTTP call with these arguments carries data away."""
    method = arguments.get("method")
    if isinstance(method, str) and method.upper() in ("POST", "PUT", "PATCH", "DELETE"):
        return True
    return any(
        bool(arguments.get(name)) for name in ("body", "data", "json", "payload", "form", "files")
    )


def join_pointer(parent: str, key: str) -> str:
    """Return the JSON pointer of `key` below `parent`."""
    return f"{parent}/{key.replace('~', '~0').replace('/', '~1')}"
