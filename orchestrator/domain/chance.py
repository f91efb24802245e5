"""Everything random in a run, from its seed: equal in replay, unpredictable to the agent."""

from __future__ import annotations

import hashlib
import hmac
import random


class Chance:
    """Derive nonces and draws from the seed of a run."""

    def __init__(self, seed: str) -> None:
        self._key = seed.encode()

    def nonce(self, *parts: object) -> str:
        """Return 16 hex digits for what `parts` name, e.g. turn, auditor and look."""
        return self._digest(parts)[:16]

    def draw(self, *parts: object) -> random.Random:
        """Return a generator of its own for what `parts` name."""
        return random.Random(self._digest(parts))

    def _digest(self, parts: tuple[object, ...]) -> str:
        text = "\0".join(map(str, parts))
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
