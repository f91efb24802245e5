"""How a request is put to an endpoint that knows no strict schemas."""

from __future__ import annotations

import functools
import hashlib
import json

from orchestrator.domain.value import JsonObject, Value
from orchestrator.models.client import Message, Request

TOOL = "answer"
"""The tool a model must call where answers are asked for as a call."""


def explained(request: Request) -> tuple[Message, ...]:
    """Return the messages with the wanted shape spelled out in the first of the system's.

    It stands there because that message is the same for all requests of an auditor, which keeps
    caches warm, and because it is never text of the agent.
    """
    text = _instruction(request.reply)
    first, *rest = request.messages
    if first.role == "system":
        return (first.model_copy(update={"content": f"{first.content}\n\n{text}"}), *rest)
    return (Message(role="system", content=text), *request.messages)


@functools.lru_cache(maxsize=64)
def schema_of(reply: type[Value]) -> JsonObject:
    """Return the JSON schema of an answer; not to be changed."""
    return reply.model_json_schema()


@functools.lru_cache(maxsize=256)
def cache_key(first: str) -> str:
    """Return what tells a provider's cache that requests begin alike."""
    return hashlib.sha256(first.encode("utf-8", "replace")).hexdigest()[:32]


@functools.lru_cache(maxsize=64)
def _instruction(reply: type[Value]) -> str:
    schema = json.dumps(schema_of(reply), ensure_ascii=False)
    return (
        "Answer with one JSON object and nothing else, without any text before or after it. "
        f"It must fit this JSON schema:\n{schema}"
    )
