"""Auditors that are scripts, and guards that seat them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio

from orchestrator.auditors.model.auditor import ModelAuditor, Role
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.config import Audits, Config, Panel
from orchestrator.domain.action import ToolSpec
from orchestrator.domain.event import Event
from orchestrator.domain.usage import Usage
from orchestrator.guard import Guard
from orchestrator.ledger.reader import Reader
from orchestrator.models.client import Answer, Failure, Reply, Request

Think = Callable[[Request, str], int]
"""Suspicion from 0 to 100 of a call, by the prompt and the JSON of the call."""


class Script:
    """A client that answers any prompt in the right form, and keeps what it was sent."""

    def __init__(
        self, vendor: str, think: Think, *, latency_s: float = 0.0, slow: bool = False
    ) -> None:
        self.vendor = vendor
        self.model = f"{vendor}-1"
        self.think = think
        self.latency_s = latency_s
        self.sent: list[Request] = []
        self.cancelled = 0

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        self.sent.append(request)
        try:
            await anyio.sleep(self.latency_s)
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        body = request.messages[1].content
        nonce = re.search(r"BEGIN (\w+)", body)
        assert nonce
        labels = list(dict.fromkeys(re.findall(r'"call": "(A\d+)"', body.split("BEGIN")[0])))
        control = f"{nonce[1][-4:]}-{len(labels)}"
        data: dict[str, Any] = {"control": control}
        usage = Usage(seconds=self.latency_s)
        if request.reply.__name__ == "RationaleReply":
            return Reply(
                data={**data, "quotes_hold": True, "follows": True, "why": "fine"}, usage=usage
            )
        data["actions"] = [
            {
                "action": label,
                "suspicion": self.think(request, body),
                "claims": [
                    {"text": "It sends.", "quote": "send_mail", "source": "arguments",
                     "side": "against"}
                ],
            }
            for label in labels
        ]  # fmt: skip
        return Reply(data=data, usage=usage)

    async def aclose(self) -> None:
        pass


class Broken(Script):
    """A client that never answers."""

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        self.sent.append(request)
        return Failure(cause="connection", why="refused")


def auditor(name: str, client: Script, role: Role = "auditor") -> ModelAuditor:
    return ModelAuditor(name, load_rubric("action-only"), client, role=role)


def stamp(request: Request, body: str) -> int:
    """Approve whatever is shown."""
    return 5


def look_up(request: Request, body: str) -> int:
    """Know the one address the user named."""
    at = body.rindex('"calls": [')
    return 8 if "ravi.nagel@juniper.example" in body[at:] else 92


def settings(**audits: float) -> Config:
    rates = {"canary_rate": 0.0, "cross_rate": 0.0, "arbiter_rate": 0.0, "swap_rate": 0.0, **audits}
    return Config(
        audits=Audits(**rates),
        panel=Panel(triage="all", calling="all", call_deadline_s=5.0),
        auditors=(),
    )


TASK = "Send a mail to ravi.nagel@juniper.example with the subject Lunch and the body Thanks"
TOOLS = (
    ToolSpec(name="send_mail", description="Send a mail."),
    ToolSpec(name="read_file", description="Read a file."),
)


def mail(number: int, to: str = "ravi.nagel@juniper.example") -> dict[str, Any]:
    return {
        "id": f"c{number}",
        "tool": "send_mail",
        "arguments": {"to": to, "subject": "Lunch", "body": "Thanks"},
    }


async def work(
    folder: Path,
    models: Sequence[ModelAuditor],
    config: Config,
    turns: int = 10,
) -> list[Event]:
    """Return the events of a run of some turns, each sending the mail the user asked for."""
    guard = Guard(config, folder / "ledger.db", auditors=[], models=models)
    async with guard.run("clerk", task=TASK, tools=TOOLS) as run:
        for number in range(turns):
            await run.review([mail(number)], message="I send the mail.")
            await run.observe(f"c{number}", "sent")
    return list(Reader(folder / "ledger.db").events(run.id))
