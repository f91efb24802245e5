"""Typed access to foreign JSON: what a format promises is checked, what it may leave out is not."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeAlias

from orchestrator.domain.action import ToolSpec
from orchestrator.domain.value import clean, clean_text

Fields: TypeAlias = dict[str, Any]


class Unfit(Exception):
    """A record is not what its format promises; the text says which part."""


def as_fields(data: object, what: str) -> Fields:
    """Return `data` if it is an object; raises Unfit naming `what` otherwise."""
    if not isinstance(data, dict):
        raise Unfit(f"{what} is not an object")
    return data


def read_objects(record: Fields, key: str) -> list[Fields]:
    """Return a list of objects, empty where it is missing or null; raises Unfit otherwise."""
    found = record.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Unfit(f"{key!r} is not a list")
    for place, item in enumerate(found):
        if not isinstance(item, dict):
            raise Unfit(f"{key}[{place}] is not an object")
    return found


def read_word(value: object) -> str | None:
    """Return a non-empty string, or None for anything else."""
    return clean_text(value) if isinstance(value, str) and value else None


def read_path(record: object, *keys: str) -> Any:
    """Return what lies below nested keys, or None where the way ends."""
    for key in keys:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


def read_tools(raw: object) -> tuple[ToolSpec, ...]:
    """Return declared tools, in the shapes of the model APIs; what has no name is left out."""
    return tuple(spec for item in raw if (spec := _tool(item))) if isinstance(raw, list) else ()


def show(value: object) -> str:
    """Return text as it is and anything else as JSON."""
    if isinstance(value, str):
        return clean_text(value)
    return json.dumps(clean(value), ensure_ascii=False)


def quote(value: object) -> str:
    """Return a short form of a foreign value for a sentence of one line."""
    return json.dumps(clean(value))[:40]


def name_model(vendor: object, name: object) -> str | None:
    """Return `vendor/name`, or what is known of it."""
    known = read_word(name)
    if known is None or "/" in known or not (maker := read_word(vendor)):
        return known
    return f"{maker}/{known}"


_MEDIA = ("image", "audio", "video", "file", "document")


class Blocks(NamedTuple):
    """A message's content, sorted by what it is."""

    text: str | None
    reasoning: str | None
    calls: list[Fields]
    results: list[Fields]


def read_blocks(content: object) -> Blocks:
    """Sort content: None, text, or the block lists of the model APIs."""
    if content is None or isinstance(content, str):
        return Blocks(None if content is None else clean_text(content), None, [], [])
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Fields] = []
    results: list[Fields] = []
    for block in content if isinstance(content, list) else [content]:
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(block, dict) or not isinstance(kind, str):
            texts.append(_block_text(block))
        elif kind in ("thinking", "reasoning", "think"):
            thoughts.append(_block_text(block, "thinking", "reasoning"))
        elif kind.endswith("tool_result"):
            results.append(block)
        elif kind == "toolCall" or kind.endswith("tool_use"):
            calls.append(block)
        else:
            texts.append(_block_text(block))
    return Blocks(_join(texts), _join(thoughts), calls, results)


def read_text(content: object) -> str | None:
    """Return the text of content, thoughts left out; None where there is none."""
    return read_blocks(content).text


def _block_text(block: object, *first: str) -> str:
    if not isinstance(block, dict):
        return show(block)
    for key in (*first, "text", "content", "refusal", "output"):
        if isinstance(found := block.get(key), str):
            return clean_text(found)
    parts = block.get("summary") or block.get("content")
    if isinstance(parts, list):
        return "\n".join(_block_text(part) for part in parts if not isinstance(part, list))
    kind = str(block.get("type"))
    return f"[{clean_text(kind)}]" if any(name in kind for name in _MEDIA) else show(block)


def _join(texts: list[str]) -> str | None:
    return "\n".join(texts) if texts else None


def _tool(item: object) -> ToolSpec | None:
    declared = item.get("function", item) if isinstance(item, dict) else None
    if not isinstance(declared, dict) or not (name := read_word(declared.get("name"))):
        return None
    parameters = clean(declared.get("parameters") or declared.get("input_schema") or {})
    return ToolSpec(
        name=name,
        description=read_word(declared.get("description")) or "",
        parameters=parameters if isinstance(parameters, dict) else {},
    )
