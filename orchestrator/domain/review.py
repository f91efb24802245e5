"""What a host gets back: a review of a turn, and what it may pass on of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.domain.decision import Decision, Outcome
from orchestrator.errors import ActionDenied


class Review(NamedTuple):
    """The decisions on one turn, in the order of its calls."""

    turn: int
    decisions: tuple[Decision, ...]
    instead: Mapping[str, object] | None = None
    """What `resample` returned and the host is to propose in place of this turn, which was denied;
    it is judged anew like any turn. The agent is not to be told."""

    @property
    def allowed(self) -> bool:
        """Say whether every action of the turn may run."""
        return all(decision.decision.releases for decision in self.decisions)

    @property
    def terminated(self) -> bool:
        """Say whether the run is over."""
        return any(decision.decision is Outcome.TERMINATE for decision in self.decisions)

    def raise_for_denied(self) -> Review:
        """Return this review, or raise ActionDenied naming each action that may not run.

        The text holds nothing but decision, tool and clause, so it may be shown to the agent.
        """
        held = [d for d in self.decisions if not d.decision.releases]
        if held:
            parts = [f"{d.tool}: {d.decision} ({d.clause or 'no clause'})" for d in held]
            raise ActionDenied("; ".join(parts))
        return self


class Result(NamedTuple):
    """What the host may hand to the agent of a tool result."""

    content: Any
    """The result as given, masked text, or a sentence in place of a withheld one."""
    decision: Outcome
    """allow: as given; modify: masked; deny: withheld; terminate: withheld, and the run is over."""
    clause: str | None = None
    event: str = ""
    """Id of the event that recorded it, `RUN:SEQ`."""
