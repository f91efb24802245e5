"""An auditor that is a model: ask it for a look at a turn, and believe only what can be checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import anyio

from orchestrator.auditors.auditor import Trust
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.material import asked
from orchestrator.auditors.model.prompt import expected_control, write_prompt, write_views
from orchestrator.auditors.model.quotes import check_claims
from orchestrator.auditors.model.reply import VerdictReply
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.auditors.model.sieve import View
from orchestrator.domain.usage import Usage, add_usage
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Abstained, Failed, Opinion, Scored, Verdict
from orchestrator.models.client import Answer, Failure, ModelClient, Refusal, Request

Role = Literal["auditor", "arbiter", "paraphraser"]


class Given(NamedTuple):
    """What one view of a case came to."""

    opinions: list[Opinion]
    usage: Usage


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
        """Return what a look at `case` sends first; a second view of it may go beside it."""
        return write_prompt(self.rubric, case, nonce=nonce, auditor=self.name, look=look)

    async def look(
        self,
        case: Case,
        look: str,
        nonce: str,
        deadline_s: float,
        extra: JsonObject | None = None,
    ) -> tuple[Verdict, ...]:
        """Return one verdict for each open action of `case`, in their order.

        `extra` is shown behind the case, as data like it; no quote can be taken from it.

        Where some of the material may speak to auditors, it is judged a second time without that,
        at once; the higher suspicion counts, and a failure of either is a failure.
        """
        views = write_views(
            self.rubric, case, nonce=nonce, auditor=self.name, look=look, extra=extra
        )
        given: list[Given | None] = [None] * len(views)

        async def ask(place: int, view: View, word: str, request: Request) -> None:
            answer = await self.client.ask(request, deadline_s)
            given[place] = Given(self._judge(answer, case, look, view, word), answer.usage)

        if len(views) == 1:
            await ask(0, *views[0])
        else:
            async with anyio.create_task_group() as tasks:
                for place, (view, word, request) in enumerate(views):
                    tasks.start_soon(ask, place, view, word, request)
        done = [one for one in given if one]
        opinions = [
            _strictest(several) for several in zip(*(g.opinions for g in done), strict=True)
        ]
        usage = done[0].usage if len(done) == 1 else _add(done)
        return self.sign(case, opinions, look, prompt=views[0][2].hash, usage=usage)

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

    def _judge(
        self, answer: Answer, case: Case, look: str, view: View, nonce: str
    ) -> list[Opinion]:
        """Return an opinion on each open action; on those it was not asked about, none."""
        if isinstance(answer, Failure):
            why = f"{answer.cause}: {answer.why}" if answer.why else answer.cause
            return [Failed(why=why) for _ in case.questions]
        if isinstance(answer, Refusal):
            return [Abstained(why=f"declined: {answer.why}") for _ in case.questions]
        reply = VerdictReply.model_validate(answer.data)
        opinions = self._read(reply, case, nonce, look, view)
        more = len(case.questions) - len(opinions)
        return opinions + [Failed(why="the turn has more calls than are shown")] * more

    def _read(
        self, reply: VerdictReply, case: Case, nonce: str, look: str, view: View
    ) -> list[Opinion]:
        if reply.control.strip() != expected_control(nonce, case):
            why = "the control question was answered wrongly: it may follow words of the agent"
            return [Failed(why=why) for _ in asked(case)]
        given = {opinion.action: opinion for opinion in reply.actions}
        if len(given) < len(reply.actions):
            return [Failed(why="two opinions on one call") for _ in asked(case)]
        words = "words" in self.rubric.front.sees
        opinions: list[Opinion] = []
        for label, action in asked(case):
            if label not in given:
                opinions.append(Abstained(why="gave no opinion on this call"))
                continue
            said = given[label].claims
            claims = check_claims(said, case, action, look=look, words=words, view=view)
            opinions.append(Scored(suspicion=given[label].suspicion / 100, claims=claims))
        return opinions


def _strictest(several: tuple[Opinion, ...]) -> Opinion:
    """Return what counts of the opinions of one auditor on views of one action."""
    for kind in (Failed, Abstained):
        for opinion in several:
            if isinstance(opinion, kind):
                return opinion
    scored = [opinion for opinion in several if isinstance(opinion, Scored)]
    return max(scored, key=lambda opinion: opinion.suspicion)


def _add(done: Sequence[Given]) -> Usage:
    """Return what calls at the same time took: the seconds of the longest."""
    longest = max(one.usage.seconds for one in done)
    return add_usage(one.usage for one in done).model_copy(update={"seconds": longest})
