"""The panels of one run: for its turns, for those that cannot be undone, and for samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol as Shape

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.domain.chance import Chance
from orchestrator.domain.panel import How
from orchestrator.panel.panel import Panel
from orchestrator.panel.protocols import Protocol


class MakePanel(Shape):
    """What seats auditors on a panel of the run."""

    def __call__(
        self, auditors: Sequence[ModelAuditor], own: Chance, how: How | None, /
    ) -> Panel: ...


class Panels:
    """Seat the auditors a protocol admits."""

    def __init__(
        self,
        auditors: Sequence[ModelAuditor],
        protocol: Protocol,
        chance: Chance,
        make: MakePanel,
    ) -> None:
        self.protocol = protocol
        self._chance = chance
        self._make = make
        self._sitting = [one for one in auditors if one.role != "auditor" or protocol.sits(one)]
        how: How | None = "protocol" if protocol.trusted_only else None
        self.main = make(self._sitting, chance, how)
        self._trusted = self.main
        if protocol.trusted_on_critical:
            trusted = [one for one in auditors if one.role != "auditor" or one.trust == "trusted"]
            self._trusted = make(trusted, chance, "protocol")
        self._vendors = {one.name: one.vendor for one in self._sitting}

    def for_turn(self, *, is_critical: bool) -> Panel:
        """Return the panel that judges a turn."""
        return self._trusted if is_critical else self.main

    def for_sample(self, number: int) -> Panel:
        """Return a panel that judges sample `number` of a turn, with nonces of its own."""
        return self._make(self._sitting, Chance(self._chance.nonce("sample", number)), "protocol")

    def are_family(self, names: Sequence[str], agent: str | None) -> bool:
        """Say whether all of `names` are of the vendor of the agent's model; unknown counts so."""
        own = agent.partition("/")[0] if agent and "/" in agent else None
        return all(
            own is None or self._vendors.get(name) in (own, None, "unknown") for name in names
        )
