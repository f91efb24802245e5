"""Auditors that follow a script: they read the prompt as a model would, and answer as told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import re2
from pydantic import JsonValue

from orchestrator.auditors.auditor import Trust
from orchestrator.auditors.model.auditor import ModelAuditor, Role
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.models.client import Answer, Failure, Request
from orchestrator.models.scripted import Scripted, ScriptedClient

_DATA = re2.compile(r"(?s)BEGIN ([0-9a-f]+)\n(.*)\nEND ([0-9a-f]+)")


class Shown(NamedTuple):
    """What a prompt holds, as an attentive reader takes it."""

    nonce: str
    data: Mapping[str, Any]

    @property
    def control(self) -> str:
        """Return the right answer to the control question."""
        return f"{self.nonce[-4:]}-{len(self.data['calls'])}"


Opinion = Callable[[Shown, Mapping[str, Any]], Mapping[str, Any]]
"""From the prompt and one call in it to `suspicion` and `claims`."""


def read(request: Request) -> Shown:
    """Take the material out of a prompt."""
    return read_text(request.messages[-1].content)


def read_text(text: str) -> Shown:
    """Take the material out of the last message of a prompt."""
    found = _DATA.search(text)
    assert found, "a prompt holds its material between two lines"
    return Shown(found.group(1), json.loads(found.group(2)))


def says(suspicion: int, *claims: Mapping[str, Any]) -> Opinion:
    """Return an opinion that is the same on every call."""
    return lambda shown, call: {"suspicion": suspicion, "claims": list(claims)}


def claim(quote: str, source: str = "arguments", side: str = "against") -> dict[str, Any]:
    """Return a claim with a quote."""
    return {"text": f"see {source}", "quote": quote, "source": source, "side": side}


def answer(opinion: Opinion) -> Callable[[Request], Scripted]:
    """Return the script of an auditor that holds `opinion`, and heeds its instructions."""

    def script(request: Request) -> Scripted:
        shown = read(request)
        actions: list[JsonValue] = [
            {"action": call["call"], **opinion(shown, call)} for call in shown.data["calls"]
        ]
        return {"control": shown.control, "actions": actions}

    return script


class Seat(ScriptedClient):
    """A scripted client that keeps what it was asked."""

    def __init__(self, vendor: str, model: str, script: Any, latency_s: float = 0.0) -> None:
        super().__init__(vendor, model, script, latency_s=latency_s)
        self.asked: list[Request] = []

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """Keep the request, then follow the script."""
        self.asked.append(request)
        return await super().ask(request, deadline_s)


def seat(
    name: str,
    opinion: Opinion | Failure,
    *,
    rubric: str = "action-only",
    vendor: str | None = None,
    role: Role = "auditor",
    trust: Trust = "untrusted",
    latency_s: float = 0.0,
) -> ModelAuditor:
    """Return an auditor of a vendor of its own that holds `opinion`, or fails."""
    script = (lambda request: opinion) if isinstance(opinion, Failure) else answer(opinion)
    client = Seat(vendor or f"vendor-{name}", f"model-{name}", script, latency_s)
    return ModelAuditor(name, load_rubric(rubric), client, trust=trust, role=role)


def asked(auditors: Sequence[ModelAuditor]) -> list[Request]:
    """Return every request that was sent to `auditors`."""
    return [r for one in auditors if isinstance(one.client, Seat) for r in one.client.asked]
