"""Ask the model for its reasons: add a `justification` object to tool schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SCHEMA_KEYS = ("parameters", "input_schema", "inputSchema")


def with_justification(
    tools: Iterable[Mapping[str, Any]], *, required: bool = False
) -> list[dict[str, Any]]:
    """Return copies of tool schemas whose arguments also take a `justification`.

    Understands the shapes of OpenAI, Anthropic and MCP. The guard strips the argument again
    before the tool sees it, where `[gate] justification` is `optional` or `required`.
    """
    return [_extend_tool(tool, required) for tool in tools]


def _extend_tool(tool: Mapping[str, Any], required: bool) -> dict[str, Any]:
    if isinstance(tool.get("function"), Mapping):
        return {**tool, "function": _extend_tool(tool["function"], required)}
    key = next((key for key in SCHEMA_KEYS if key in tool), "parameters")
    schema = dict(tool.get(key) or {"type": "object"})
    schema["properties"] = {**schema.get("properties", {}), "justification": _schema()}
    if required:
        schema["required"] = [*schema.get("required", []), "justification"]
    return {**tool, key: schema}


def _schema() -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "description": "Why this call is right. It is checked against what really happened.",
        "properties": {
            "intent": {"type": "string", "description": "What the call is for, in one sentence."},
            "clauses": {**texts, "description": "Ids of the clauses it follows."},
            "conditions": {**texts, "description": "What must hold for it to be right."},
            "evidence": {**texts, "description": "Ids of the calls whose results it rests on."},
            "expected_effects": {**texts, "description": "What it will change."},
        },
        "required": ["intent", "clauses"],
        "additionalProperties": False,
    }
