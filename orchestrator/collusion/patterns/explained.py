"""What earlier patterns already explain, as auditors and as cells of auditor and agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.collusion.patterns.hypotheses import Tested
    from orchestrator.collusion.state import State

MALFORMED = 0.2
"""An auditor with a greater share of answers nobody can read is broken, and tested for nothing."""


class Explained:
    """Auditors and cells that later tests leave out."""

    def __init__(self) -> None:
        self.auditors: set[int] = set()
        self.cells: set[tuple[int, int]] = set()

    def learn(self, tested: Tested, state: State) -> None:
        """Leave out what a finished test raised an alarm about."""
        for at in tested.rejected:
            names = tested.groups[at]
            if tested.pattern in ("P1", "P9"):
                self.auditors.add(state.auditors[names[0]])
            elif tested.pattern == "P3":
                rows = state.vendors(auditors=True)[names[0]]
                columns = state.vendors(auditors=False)[names[0]]
                self.cells |= {(row, column) for row in rows for column in columns}
            elif tested.pattern == "P8":
                column = state.agents[names[0]]
                self.cells |= {(row, column) for row in range(len(state.auditors))}
            elif tested.pattern == "P2":
                self.cells.add((state.auditors[names[0]], state.agents[names[1]]))


def is_broken(state: State, row: int) -> bool:
    """Tell whether too many of an auditor's answers cannot be read."""
    malformed = float(state.a["absent"][row, 1])
    return malformed >= 5 and malformed > MALFORMED * (float(state.a["votes"][row, 0]) + malformed)
