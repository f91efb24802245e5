"""Ask the agent for further samples of a turn, for protocols that judge them: they are no turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import anyio

from orchestrator.config import Gate as GateConfig
from orchestrator.domain.action import Turn
from orchestrator.gate import Draw, Judged
from orchestrator.guarded.turns import Words, draft_turn
from orchestrator.rules.redaction import Redactor

Resample: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
"""Returns another assistant message from the same context: `calls`, and perhaps `message`,
`reasoning` and `justification`. Called several times at once; the agent is told nothing."""


class Resampling:
    """Draw samples of the turn at hand, live from the host or again from a record."""

    def __init__(
        self,
        find: Callable[[], Resample | None],
        redactor: Redactor,
        config: GateConfig,
        *,
        root: str | None,
    ) -> None:
        self._find = find
        self._redactor = redactor
        self._config = config
        self._root = root
        self._given: dict[int, Mapping[str, Any]] = {}
        self.recorded: Sequence[Turn | str] = ()
        """What a replay draws from instead."""

    def draw_for(self, index: int) -> Draw | None:
        """Return what draws samples of turn `index`; None where nobody can give any."""
        self._given = {}
        recorded, resample = self.recorded, self._find()
        if resample is None and not recorded:
            return None

        async def draw(count: int) -> Sequence[Turn | str]:
            if resample is None:
                missing = ["the record holds no such sample"] * (count - len(recorded))
                return [*recorded[:count], *missing]
            return await self._ask(resample, index, count)

        return draw

    def chosen(self, judged: Sequence[Judged]) -> Mapping[str, Any] | None:
        """Return what the host is to propose in place of a turn that was deferred to a sample."""
        for one in judged:
            if one.decision.sample is not None and not one.decision.decision.releases:
                return self._given.get(one.decision.sample)
        return None

    async def _ask(self, resample: Resample, index: int, count: int) -> list[Turn | str]:
        """Ask side by side, all within the deadline of a turn; a missing sample says why."""
        limit = self._config.deadline_s
        drawn: list[Turn | str] = [f"no sample within {limit:g} s"] * count

        async def ask(number: int) -> None:
            try:
                given = await resample()
                drawn[number] = self._read(index, given)
                self._given[number] = given
            except Exception as error:
                drawn[number] = self._redactor.text(f"{type(error).__name__}: {error}")

        with anyio.move_on_after(limit):
            async with anyio.create_task_group() as tasks:
                for number in range(count):
                    tasks.start_soon(ask, number)
        return drawn

    def _read(self, index: int, given: Mapping[str, Any]) -> Turn:
        """Read a sample as its turn is read, secrets replaced."""
        words = Words(given.get("message"), given.get("reasoning"), given.get("justification"))
        return draft_turn(
            index,
            given["calls"],
            words,
            is_known=lambda _: False,
            strip_justification=self._config.justification != "off",
            root=self._root,
            redactor=self._redactor,
        ).turn
