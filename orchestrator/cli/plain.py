"""Text of strangers made fit for a terminal, where the commands look for it."""

from __future__ import annotations

from orchestrator.domain.display import count, pad, safe, width

__all__ = ["count", "pad", "safe", "width"]
