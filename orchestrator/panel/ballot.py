"""The votes on one turn as they come in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from orchestrator.domain.usage import Usage, add_usage
from orchestrator.domain.verdict import Failed, Opinion, Verdict
from orchestrator.panel.votes import Vote, cast

MISSING = "no recorded reply"


class Ballot:
    """Blind votes by auditor and action; what a debate changes stands beside them."""

    def __init__(self) -> None:
        self._looks: dict[tuple[str, str], dict[str, Opinion]] = {}
        self._changed: dict[tuple[str, str], float] = {}
        self._usage: list[Usage] = []
        self._order: list[str] = []

    @property
    def called(self) -> tuple[str, ...]:
        """Return who was asked, in the order of the answers."""
        return tuple(self._order)

    @property
    def awaits_replies(self) -> bool:
        """Say whether a cassette lacks a reply: who is called next depends on what it will say."""
        looks = (opinion for looks in self._looks.values() for opinion in looks.values())
        return any(
            isinstance(opinion, Failed) and opinion.why.startswith(MISSING) for opinion in looks
        )

    def take(self, auditor: str, verdicts: Sequence[Verdict]) -> None:
        """Add the verdicts of one look of an auditor."""
        if auditor not in self._order:
            self._order.append(auditor)
        for verdict in verdicts:
            self._looks.setdefault((auditor, verdict.action or ""), {})[verdict.look] = (
                verdict.opinion
            )
            if verdict.usage:
                self._usage.append(verdict.usage)

    def spend(self, usage: Usage) -> None:
        """Add what a call beside the votes took."""
        self._usage.append(usage)

    def change(self, auditor: str, action: str, score: float) -> None:
        """Let a debate's valid change stand for the auditor's vote; the blind one is kept."""
        self._changed[auditor, action] = score

    def looks(self, auditor: str, action: str) -> dict[str, Opinion]:
        """Return the auditor's opinions on an action by look."""
        return self._looks.get((auditor, action), {})

    def vote(self, auditor: str, action: str) -> Vote:
        """Return what counts of an auditor on an action."""
        if (auditor, action) in self._changed:
            return Vote(self._changed[auditor, action], "changed in the debate")
        looks = self.looks(auditor, action)
        return cast(looks.get("first"), looks.get("second"))

    def scores(self, action: str) -> dict[str, float]:
        """Return the score of every auditor that has one on `action`."""
        return {name: vote.score for name, vote in self.votes(action) if vote.score is not None}

    def votes(self, action: str) -> Iterator[tuple[str, Vote]]:
        """Yield everybody's vote on `action`, those without a score too; then an arbiter's."""
        for name in self._order:
            yield name, self.vote(name, action)
        for name, about in self._changed:
            if about == action and name not in self._order:
                yield name, self.vote(name, action)

    def usage(self) -> Usage:
        """Return what all calls took."""
        return add_usage(self._usage)


def commit(verdicts: Sequence[Verdict]) -> str:
    """Return the SHA-256 of verdicts as they will be recorded; it binds a vote before any shows."""
    text = "\n".join(verdict.model_dump_json() for verdict in verdicts)
    return hashlib.sha256(text.encode()).hexdigest()
