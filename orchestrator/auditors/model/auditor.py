"""An auditor that is a model: ask it for a look at a turn, and believe only what can be checked."""

from __future__ import annotations

import hashlib
from typing import Literal

from orchestrator.auditors.auditor import Trust
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.prompt import expected_control, write_prompt
from orchestrator.auditors.model.quotes import check_claims
from orchestrator.auditors.model.reply import VerdictReply
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.domain.usage import Usage
from orchestrator.domain.verdict import Abstained, Failed, Opinion, Scored, Verdict
from orchestrator.models.client import Failure, ModelClient, Refusal, Request

Role = Literal["auditor", "arbiter", "paraphraser"]


class ModelAuditor:
    """A seat on the panel: a name, a rubric, and a model behind a client."""

    def __init__(
        self,
        name: str,
        rubric: Rubric,
        client: ModelClient,
        *,
        trust: Trust = "untrusted",
        role: Role = "auditor",
        cost: float | None = None,
    ) -> None:
        self.name = name
        self.rubric = rubric
        self.client = client
        self.trust: Trust = trust
        self.role: Role = role
        self.cost = cost
        """US dollars a usual call takes; None where the price is unknown."""
        self.vendor = client.vendor
        self.model = client.model
        said = f"{rubric.hash}\0{client.vendor}\0{client.model}"
        self.version = hashlib.sha256(said.encode()).hexdigest()[:16]

    def prompt(self, case: Case, look: str, nonce: str) -> Request:
        """Return what a look at `case` sends."""
        return write_prompt(self.rubric, case, nonce=nonce, auditor=self.name, look=look)

    async def look(
        self, case: Case, look: str, nonce: str, deadline_s: float
    ) -> tuple[Verdict, ...]:
        """Return one verdict for each open action of `case`, in their order."""
        request = self.prompt(case, look, nonce)
        answer = await self.client.ask(request, deadline_s)
        if isinstance(answer, Failure):
            why = f"{answer.cause}: {answer.why}" if answer.why else answer.cause
            opinions: list[Opinion] = [Failed(why=why) for _ in case.questions]
        elif isinstance(answer, Refusal):
            opinions = [Abstained(why=f"declined: {answer.why}") for _ in case.questions]
        else:
            opinions = self._read(VerdictReply.model_validate(answer.data), case, nonce)
        return self.sign(case, opinions, look, prompt=request.hash, usage=answer.usage)

    def sign(
        self,
        case: Case,
        opinions: list[Opinion],
        look: str,
        *,
        prompt: str = "",
        usage: Usage | None = None,
    ) -> tuple[Verdict, ...]:
        """Return `opinions` as verdicts of this auditor; the first carries what the call took."""
        return tuple(
            Verdict(
                auditor=self.name,
                action=action.id,
                look=look,
                opinion=opinion,
                version=self.version,
                vendor=self.vendor,
                model=self.model,
                prompt=prompt,
                usage=usage if place == 0 else None,
            )
            for place, ((_, action), opinion) in enumerate(
                zip(case.questions, opinions, strict=True)
            )
        )

    def _read(self, reply: VerdictReply, case: Case, nonce: str) -> list[Opinion]:
        if reply.control.strip() != expected_control(nonce, case):
            why = "the control question was answered wrongly: it may follow words of the agent"
            return [Failed(why=why) for _ in case.questions]
        given = {opinion.action: opinion for opinion in reply.actions}
        if len(given) < len(reply.actions):
            return [Failed(why="two opinions on one call") for _ in case.questions]
        opinions: list[Opinion] = []
        for label, action in case.questions:
            if label not in given:
                opinions.append(Abstained(why="gave no opinion on this call"))
                continue
            claims = check_claims(given[label].claims, case, action)
            opinions.append(Scored(suspicion=given[label].suspicion / 100, claims=claims))
        return opinions
