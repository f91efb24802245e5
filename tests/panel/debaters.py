"""Auditors that do in a debate what a test says, and a turn they can differ about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from orchestrator.auditors.model.auditor import ModelAuditor, Role
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.rebuttal import AdvocateReply, DebateReply, NeutralReply
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.auditors.model.trace import History, Step
from orchestrator.clock import Clock, ManualClock, SystemClock
from orchestrator.config import Debate as DebateConfig
from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.chance import Chance
from orchestrator.domain.docket import Docket
from orchestrator.domain.event import Event
from orchestrator.domain.panel import Ruling
from orchestrator.domain.run import RunFacts
from orchestrator.ledger.memory import MemoryLedger
from orchestrator.models.client import Failure, Refusal, Request
from orchestrator.models.scripted import Scripted, ScriptedClient
from orchestrator.panel.panel import Panel
from orchestrator.panel.weights import Member, Weights

F = TypeVar("F")
TASK = "Pay invoice 7 of Acme."
MOVED = "Acme moved to account DE99 last week."
RESULT = "Invoice 7: 400 EUR, account DE11. Payment terms 30 days."
PAY = Action(id="pay", tool="send_payment", arguments={"account": "DE99", "amount": 400})
AGAINST = {"text": "The account is not the invoice's.", "quote": "DE99", "source": "arguments",
           "side": "against"}  # fmt: skip
FOR = {"text": "The user gave it.", "quote": MOVED, "source": "user", "side": "for"}
Answer = dict[str, Any]
Behaviour = Callable[[list[dict[str, Any]], int], tuple[int, list[Answer]]]


def make_case(*others: Action) -> Case:
    actions = (PAY, *others)
    step = Step(number=0, tool="read_mail", arguments={"id": 7}, ran=True, result=RESULT)
    return Case(
        turn=Turn(index=3, message="I pay it now, trust me.", actions=actions),
        open=tuple(action.id for action in actions),
        history=History(TASK, (MOVED,), (step,), 0),
        kinds={"send_payment": "payment"},
    )


def accept(claim: Mapping[str, Any]) -> Answer:
    return {
        "claim": claim["id"],
        "stance": "accepts",
        "quote": claim["quote"],
        "source": claim["source"],
    }


def refute(claim: Mapping[str, Any], quote: str = "", source: str = "result") -> Answer:
    return {"claim": claim["id"], "stance": "refutes", "quote": quote, "source": source}


def stubborn(score: int) -> Behaviour:
    return lambda claims, _: (score, [refute(claim) for claim in claims])


def yielding(score: int) -> Behaviour:
    return lambda claims, _: (score, [accept(claim) for claim in claims])


@dataclass
class Voice:
    """A scripted auditor; keeps every request."""

    name: str
    score: int = 50
    claims: Sequence[Mapping[str, str]] = ()
    behave: Behaviour = field(default_factory=lambda: stubborn(50))
    vendor: str = ""
    role: Role = "auditor"
    advocates: Sequence[Mapping[str, str]] = ()
    rewords: Callable[[dict[str, Any]], str] = lambda claim: f"It is said that {claim['id']} holds."
    fails: Failure | Refusal | None = None
    fails_in_debate: Failure | Refusal | None = None
    asked: list[Request] = field(default_factory=list)

    def seat(self) -> ModelAuditor:
        vendor = self.vendor or f"maker-of-{self.name}"
        client = ScriptedClient(vendor, f"model-{self.name}", self.play, clock=ManualClock())
        return ModelAuditor(self.name, load_rubric("action-only"), client, role=self.role)

    def play(self, request: Request) -> Scripted:
        self.asked.append(request)
        nonce, data = read_prompt(request)
        control = f"{nonce[-4:]}-{len(data) if isinstance(data, list) else len(data['calls'])}"
        if self.fails:
            return self.fails
        if request.reply is NeutralReply:
            assert isinstance(data, list)
            words = [{"id": c["id"], "quote": c["quote"], "text": self.rewords(c)} for c in data]
            return {"control": control, "claims": words}  # type: ignore[dict-item]
        if request.reply is AdvocateReply:
            return {"control": control, "claims": [dict(one) for one in self.advocates]}
        if request.reply is DebateReply:
            if self.fails_in_debate:
                return self.fails_in_debate
            score, answers = self.behave(data["claims_of_others"], request.round)
            return {"control": control, "suspicion": score, "answers": answers}  # type: ignore[dict-item]
        opinions = [
            {
                "action": call["call"],
                "suspicion": self.score,
                "claims": list(map(dict, self.claims)),
            }
            for call in data["calls"]
        ]
        return {"control": control, "actions": opinions}  # type: ignore[dict-item]

    @property
    def debate_prompts(self) -> list[str]:
        """Return what it was asked in debates, whole."""
        return [
            "\n".join(message.content for message in request.messages)
            for request in self.asked
            if request.round
        ]

    def shown(self) -> list[list[dict[str, Any]]]:
        """Return the claims it was shown, by round."""
        asked = [request for request in self.asked if request.reply is DebateReply]
        return [read_prompt(request)[1]["claims_of_others"] for request in asked]


def read_prompt(request: Request) -> tuple[str, Any]:
    """Return the nonce of a prompt and the data between its delimiters."""
    body = request.messages[-1].content
    nonce = body.split("\nBEGIN ", 1)[1].split("\n", 1)[0]
    data = body.split(f"\nBEGIN {nonce}\n", 1)[1].split(f"\nEND {nonce}", 1)[0]
    return nonce, json.loads(data)


@dataclass
class Held:
    """What a panel came to."""

    rulings: dict[str, Ruling]
    events: list[Event]

    @property
    def ruling(self) -> Ruling:
        return self.rulings["pay"]

    def facts(self, kind: type[F]) -> list[F]:
        return [event.fact for event in self.events if isinstance(event.fact, kind)]

    @property
    def kinds(self) -> list[str]:
        return [event.fact.kind for event in self.events]


async def judge(
    voices: Sequence[Voice],
    *,
    case: Case | None = None,
    seed: str = "00",
    prior: float = -2.5,
    deadline_s: float = 5.0,
    panel: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    model: str | None = None,
    **debate: Any,
) -> Held:
    """Let a panel of `voices` judge the case, all of them called unless `panel` says otherwise."""
    case = case or make_case()
    seats = [voice.seat() for voice in voices]
    facts = RunFacts(agent="clerk", model=model, seed="", profile="default")
    weights = Weights.cold([Member(one.name, one.vendor, one.model) for one in seats])
    sitting = Panel(
        seats, PanelConfig.model_validate({"calling": "all", **(panel or {})}), facts,
        Chance(seed), weights, clock or SystemClock(),
        debate=DebateConfig.model_validate(debate),
    )  # fmt: skip
    log = MemoryLedger().open_run("run")
    docket = Docket(log.append)
    priors = dict.fromkeys(case.open, prior)
    rulings = await sitting.judge(case, "every turn", priors, docket, deadline_s)
    await docket.publish()
    return Held(rulings, log.events)
