"""Text of strangers made fit for a terminal, where the commands look for it."""

from __future__ import annotations

from orchestrator.domain.display import pad, safe, width

__all__ = ["pad", "safe", "width"]
