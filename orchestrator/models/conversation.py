"""The conversation of an agent that acts, in no API's words, and how each API puts it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from orchestrator.domain.action import ToolSpec
from orchestrator.domain.usage import Usage
from orchestrator.domain.value import JsonObject, Value
from orchestrator.models.fields import mapping, said

Stop: TypeAlias = Literal["done", "calls", "truncated", "refused", "filtered"]
STOPS: dict[str, Stop] = {
    "stop": "done", "end_turn": "done", "stop_sequence": "done",
    "tool_calls": "calls", "function_call": "calls", "tool_use": "calls",
    "length": "truncated", "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "content_filter": "filtered", "refusal": "refused",
}  # fmt: skip


class AgentCall(Value):
    """A tool call the agent proposes."""

    id: str
    tool: str
    arguments: JsonValue
    """An object, or the text that should have been one."""


class AgentMessage(Value):
    """One message of the agent's conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    calls: tuple[AgentCall, ...] = ()
    """What an assistant's message called."""
    call: str = ""
    """Which call a tool's message answers."""


class AgentReply(Value):
    """The agent's next turn."""

    message: str
    reasoning: str = ""
    calls: tuple[AgentCall, ...] = ()
    usage: Usage = Usage()
    stop: Stop


def tool_schema(tool: ToolSpec, schema: str) -> JsonObject:
    """Return a tool as both APIs declare it, its schema under the API's own name."""
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return {"name": tool.name, "description": tool.description, schema: parameters}


def chat_message(message: AgentMessage) -> dict[str, Any]:
    """Return a message as chat completions take it."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call, "content": message.content}
    if not message.calls:
        return {"role": message.role, "content": message.content}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.tool, "arguments": _as_text(call.arguments)},
        }
        for call in message.calls
    ]
    return {"role": "assistant", "content": message.content or None, "tool_calls": calls}


def chat_call(call: Mapping[str, Any]) -> AgentCall:
    """Read a call of chat completions; arguments that are no JSON stay text."""
    function = mapping(call.get("function"))
    text = said(function.get("arguments"))
    try:
        arguments: JsonValue = json.loads(text) if text else {}
    except ValueError:
        arguments = text
    return AgentCall(id=said(call.get("id")), tool=said(function.get("name")), arguments=arguments)


def message_turns(messages: Sequence[AgentMessage]) -> list[dict[str, Any]]:
    """Return user and assistant in turns; results of tools are the user's blocks."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        turns[-1]["content"].extend(_blocks(message))
    return turns


def _blocks(message: AgentMessage) -> list[dict[str, Any]]:
    if message.role == "tool":
        content = message.content
        return [{"type": "tool_result", "tool_use_id": message.call, "content": content}]
    text = [{"type": "text", "text": message.content}] if message.content else []
    calls = [
        {"type": "tool_use", "id": c.id, "name": c.tool, "input": c.arguments}
        for c in message.calls
    ]
    return [*text, *calls]


def _as_text(arguments: JsonValue) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
