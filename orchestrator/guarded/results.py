"""Check what a tool gave back before the agent reads it, and see what came around the guard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import re2

from orchestrator.domain.action import Observation
from orchestrator.domain.decision import Outcome, strictest
from orchestrator.domain.event import BypassSeen, Fact, ResultObserved
from orchestrator.domain.review import Result
from orchestrator.domain.value import clean
from orchestrator.domain.verdict import Hit
from orchestrator.gate import Gate
from orchestrator.guarded.record import Record
from orchestrator.oversight.coverage import Releases
from orchestrator.rules.patches import patch_text
from orchestrator.rules.redaction import Originals, Redactor, restore

WITHHELD = "This result was withheld by policy ({clause})."
KEPT_CHARACTERS = 262_144
"""Longest text of a result that is judged and recorded; the rest is counted and hashed."""
_MARK = 128
_SLACK = KEPT_CHARACTERS // 8
"""How much longer a clipped result may be for the tokens that replaced its secrets."""
_CLIPPED = re2.compile(r"‹\d+ characters more, sha256 [0-9a-f]{64}›$")


class ResultCheck:
    """Observe the results of one run."""

    def __init__(
        self,
        gate: Gate,
        record: Record,
        releases: Releases,
        redactor: Redactor,
        *,
        holds: bool,
        keep_results: bool,
    ) -> None:
        self._gate = gate
        self._record = record
        self._releases = releases
        self._redactor = redactor
        self._holds = holds
        self._keep_results = keep_results

    async def observe(
        self,
        call_id: str | None,
        result: Any,
        *,
        error: bool = False,
        arguments: Mapping[str, Any] | None = None,
        action: str | None = None,
    ) -> Result:
        """Return what the host may pass on; a failure of the guard withholds the result."""
        try:
            return await self._observe(call_id, result, error, arguments, action)
        except Exception as failure:
            await self._record.note_failure("observe", failure)
            return Result(WITHHELD.format(clause="the guard failed"), Outcome.DENY)

    async def _observe(
        self,
        call_id: str | None,
        result: Any,
        error: bool,
        arguments: Mapping[str, Any] | None,
        action: str | None,
    ) -> Result:
        ran_with = None if arguments is None else clean(dict(arguments))
        answered, bypass = self._releases.settle(
            call_id, action, ran_with if isinstance(ran_with, dict) else None, self._holds
        )
        originals: Originals = {}
        observation = Observation(
            action=answered.id if answered else None,
            call_id=call_id,
            tool=answered.tool if answered else None,
            content=self._redactor.text(_clip(_as_text(result)), originals),
            error=error,
        )
        hits = self._gate.observe(observation, answered)
        outcome, clause = _judge(hits)
        facts: list[Fact] = [BypassSeen(call_id=call_id, why=bypass)] if bypass else []
        facts.append(
            ResultObserved(
                observation=self._kept(observation), decision=outcome, clause=clause, hits=hits
            )
        )
        event = (await self._record.append(*facts))[-1].id
        if not self._holds or outcome is Outcome.ALLOW:
            return Result(result, Outcome.ALLOW, clause, event)
        self._gate.terminated |= outcome is Outcome.TERMINATE
        if outcome is Outcome.MODIFY:
            masked = restore(patch_text(observation.content, hits), originals)
            return Result(masked, outcome, clause, event)
        return Result(WITHHELD.format(clause=clause), outcome, clause, event)

    def _kept(self, observation: Observation) -> Observation:
        if self._keep_results:
            return observation
        digest = hashlib.sha256(observation.content.encode()).hexdigest()
        return observation.model_copy(update={"content": f"‹not kept: sha256 {digest}›"})


def _judge(hits: Sequence[Hit]) -> tuple[Outcome, str | None]:
    """Return what holds for a result; an escalation withholds, since nobody waits for results."""
    strict = [hit for hit in hits if hit.effect != "flag"]
    if not strict:
        return Outcome.ALLOW, None
    outcome = strictest([Outcome(hit.effect) for hit in strict])
    clause = max(strict, key=lambda hit: Outcome(hit.effect).severity).clause
    return Outcome.DENY if outcome is Outcome.ESCALATE else outcome, clause


def _as_text(result: object) -> str:
    cleaned = clean(result)
    if isinstance(cleaned, str):
        return cleaned
    return "" if cleaned is None else json.dumps(cleaned, ensure_ascii=False)


def _clip(text: str) -> str:
    """Return what is judged and recorded of a result; a recorded one is judged as it stands."""
    if len(text) <= KEPT_CHARACTERS:
        return text
    if len(text) <= KEPT_CHARACTERS + _SLACK and _CLIPPED.search(text[-_MARK:]):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    more = len(text) - KEPT_CHARACTERS
    return f"{text[:KEPT_CHARACTERS]}‹{more} characters more, sha256 {digest}›"
