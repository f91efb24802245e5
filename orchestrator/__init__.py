"""crossaudit: check an agent's actions before they run, and record who checked them.

Names are resolved on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.config import Config, load_config
    from orchestrator.domain.decision import Approval, Decision, Outcome
    from orchestrator.domain.review import Result, Review
    from orchestrator.errors import ActionDenied, CrossauditError, StoreError
    from orchestrator.guard import Guard
    from orchestrator.guarded.run import GuardedRun
    from orchestrator.integrations.blocking import BlockingGuard
    from orchestrator.integrations.functions import guard_function
    from orchestrator.integrations.justification import with_justification

__all__ = [
    "ActionDenied",
    "Approval",
    "BlockingGuard",
    "Config",
    "CrossauditError",
    "Decision",
    "Guard",
    "GuardedRun",
    "Outcome",
    "Result",
    "Review",
    "StoreError",
    "guard_function",
    "load_config",
    "with_justification",
]

_HOMES = {
    "orchestrator.config": ("Config", "load_config"),
    "orchestrator.domain.decision": ("Approval", "Decision", "Outcome"),
    "orchestrator.domain.review": ("Result", "Review"),
    "orchestrator.errors": ("ActionDenied", "CrossauditError", "StoreError"),
    "orchestrator.guard": ("Guard",),
    "orchestrator.guarded.run": ("GuardedRun",),
    "orchestrator.integrations.blocking": ("BlockingGuard",),
    "orchestrator.integrations.functions": ("guard_function",),
    "orchestrator.integrations.justification": ("with_justification",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if home := _HOME_OF.get(name):
        return getattr(import_module(home), name)
    raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
