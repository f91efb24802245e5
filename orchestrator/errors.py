"""Every error crossaudit raises on purpose.

    CrossauditError           one clear sentence: what, where, what to do
    ├ ConfigError             a configuration file, flag or environment variable
    ├ PolicyError             a constitution, rule pack or tool mapping: file and line
    ├ StoreError              the ledger cannot be opened, read or written
    │ ├ LedgerDamaged         a part of the ledger cannot be read
    │ └ LedgerTooNew          the ledger was written by a newer crossaudit
    ├ ReplayError             a recorded run that cannot be read
    ├ ProtocolError           an agent that broke the JSON lines protocol
    ├ ApprovalError           an answer to an approval that cannot be taken
    └ ActionDenied            raised for a host that asked for it (`raise_for_denied`)

Denials and time-outs are outcomes, not errors: `review` returns them.
"""

from __future__ import annotations


class CrossauditError(Exception):
    """The root; its text is one sentence fit for a terminal."""


class LocatedError(CrossauditError):
    """An error at a place in a file."""

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{place}{message}")
        self.file = file
        self.line = line


class ConfigError(LocatedError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class PolicyError(LocatedError):
    """A rule, pack, constitution or tool mapping is not fully understood."""


class StoreError(CrossauditError):
    """The ledger cannot be opened, read or written."""


class LedgerDamaged(StoreError):
    """A part of the ledger cannot be read."""


class LedgerTooNew(StoreError):
    """The ledger was written by a newer crossaudit than this one."""


class ReplayError(CrossauditError):
    """A recorded run cannot be read."""


class ProtocolError(CrossauditError):
    """The agent on the other end of the JSON lines broke the protocol."""


class ApprovalError(CrossauditError):
    """An answer to an approval is refused: unknown, settled, or not allowed from here."""


class ActionDenied(CrossauditError):
    """At least one action of a reviewed turn may not run."""
