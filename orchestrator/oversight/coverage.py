"""Which actions were released, and which results came from something else."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple, TypeAlias

from orchestrator.domain.action import Action
from orchestrator.domain.run import Coverage
from orchestrator.domain.value import JsonObject

Bypass: TypeAlias = Literal["never_reviewed", "not_released", "arguments_differ", "second_result"]

REMEMBERED_RESULTS = 10_000


class Release(NamedTuple):
    """One reviewed action and what the host may run it with."""

    action: Action
    """As recorded: secrets replaced."""
    arguments: JsonObject | None
    """As released, with the secrets; None when it may not run."""


class Releases:
    """Match results to the actions they answer, in memory bounded by what is still open."""

    def __init__(self) -> None:
        self._open: dict[str, Release] = {}
        self._by_call: dict[str, list[str]] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self.coverage = Coverage()

    def knows(self, name: str) -> bool:
        """Say whether an action of this id was seen before."""
        return name in self._open or name in self._done

    def add(self, action: Action, arguments: JsonObject | None) -> None:
        """Note a decided action."""
        self._open[action.id] = Release(action, arguments)
        self._by_call.setdefault(action.call_id or "", []).append(action.id)

    def settle(
        self, call_id: str | None, action: str | None, arguments: JsonObject | None, counts: bool
    ) -> tuple[Action | None, Bypass | None]:
        """Match a result and say whether it came around the guard.

        `action` names the action directly, else the oldest open one with that `call_id` is meant.
        With `counts` false nothing is held (a replay, or `observe`), so a result of an action that
        was not released is no bypass.
        """
        name = action if action in self._open else self._oldest(call_id)
        if name is None:
            repeated = (action or call_id or "") in self._done
            return None, self._count("second_result" if repeated else "never_reviewed")
        release = self._close(name)
        if counts and release.arguments is None:
            return release.action, self._count("not_released")
        if counts and arguments is not None and arguments != release.arguments:
            return release.action, self._count("arguments_differ")
        return release.action, self._count(None)

    def _oldest(self, call_id: str | None) -> str | None:
        names = self._by_call.get(call_id or "")
        return names[0] if names else None

    def _close(self, name: str) -> Release:
        release = self._open.pop(name)
        key = release.action.call_id or ""
        self._by_call[key].remove(name)
        if not self._by_call[key]:
            del self._by_call[key]
        self._done[name] = None
        if len(self._done) > REMEMBERED_RESULTS:
            self._done.popitem(last=False)
        return release

    def _count(self, bypass: Bypass | None) -> Bypass | None:
        self.coverage = Coverage(
            observed=self.coverage.observed + 1,
            bypassed=self.coverage.bypassed + (bypass is not None),
        )
        return bypass
