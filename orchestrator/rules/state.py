"""What the rules remember of a run: bounded, whatever its length."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.domain.action import Action, ToolSpec, Turn
from orchestrator.rules.arguments import MAX_ASKED, find_numbers
from orchestrator.rules.call import Call
from orchestrator.rules.conditions import Labels
from orchestrator.rules.flow import Tally
from orchestrator.rules.rule import Rule


class RuleState:
    """The memory of one run: labels taken in, progress of patterns, use of limits."""

    def __init__(
        self, rules: Sequence[Rule], root: str | None, tools: tuple[ToolSpec, ...], task: str | None
    ) -> None:
        self.root = root
        self.task = task
        self.tools = {tool.name: tool for tool in tools}
        self.labels: Labels = frozenset()
        self.calls = 0
        """Calls released so far."""
        self.progress = {rule.number: rule.pattern.start() for rule in rules if rule.pattern}
        self.tallies = {rule.number: Tally(rule.limit) for rule in rules if rule.limit}
        self.asked: frozenset[float] = find_numbers(task or "")
        """Numbers the user named; no more than `MAX_ASKED` are kept."""
        self._turn: Turn | None = None
        self._seen: list[Call] = []

    def hear(self, text: str) -> None:
        """Take in the numbers the user names."""
        if len(self.asked) < MAX_ASKED:
            self.asked |= find_numbers(text)

    def remember(self, turn: Turn, calls: list[Call]) -> None:
        """Keep the calls of the turn that was checked last; `record` asks for them again."""
        self._turn, self._seen = turn, calls

    def recall(self, turn: Turn) -> list[Call] | None:
        """Return the calls of `turn` if it is the one that was checked last."""
        return self._seen if turn is self._turn else None

    def find(self, action: Action) -> Call | None:
        """Return the call of an action of the turn that was checked last."""
        return next((call for call in self._seen if call.action is action), None)
