"""Which call a recorded result answers: by its id, else by its place."""

from __future__ import annotations

from collections import defaultdict, deque

from orchestrator.domain.action import Action


class Answers:
    """The calls of a run that wait for a result.

    Ids may be missing, empty or repeated. A repeated id means the call of the latest turn that
    used it; a result without an id answers the first waiting call of the latest turn.
    """

    def __init__(self) -> None:
        self._tools: dict[str, str] = {}  # action -> tool, of the whole run
        self._waiting: set[str] = set()  # of the latest turn
        self._in_order: deque[str] = deque()
        self._by_tool: defaultdict[str, deque[str]] = defaultdict(deque)
        self._by_id: defaultdict[str, deque[str]] = defaultdict(deque)  # of the whole run
        self._last: dict[str, str] = {}  # call id -> the action last answered

    def knows(self, action: str) -> bool:
        """Say whether the run has an action of this id."""
        return action in self._tools

    def tool_of(self, action: str | None) -> str | None:
        """Return the tool an action calls."""
        return self._tools.get(action) if action else None

    def begin_turn(self) -> None:
        """Forget the waiting calls that no id names."""
        self._waiting.clear()
        self._in_order.clear()
        self._by_tool.clear()

    def expect(self, action: Action) -> None:
        """Wait for the result of a call of the latest turn."""
        self._tools[action.id] = action.tool
        if action.call_id:
            same = self._by_id[action.call_id]
            if same and same[-1] not in self._waiting:
                same.clear()
            same.append(action.id)
        self._waiting.add(action.id)
        self._in_order.append(action.id)
        self._by_tool[action.tool].append(action.id)

    def take(self, call_id: str | None, tool: str | None, action: str | None = None) -> str | None:
        """Return the action a result answers, which waits no longer; None where there is none.

        `action` is the answer where the recording itself says so.
        """
        found = action or self._find(call_id, tool)
        if found is not None:
            self._waiting.discard(found)
        return found

    def _find(self, call_id: str | None, tool: str | None) -> str | None:
        if not call_id:
            return self._first(self._by_tool[tool] if tool else self._in_order)
        if same := self._by_id.get(call_id):
            self._last[call_id] = same.popleft()
        return self._last.get(call_id)

    def _first(self, queue: deque[str]) -> str | None:
        while queue and queue[0] not in self._waiting:
            queue.popleft()
        return queue[0] if queue else None
