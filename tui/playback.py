"""Playing a recorded run at its own pace, or faster: pure arithmetic on times."""

from __future__ import annotations

from datetime import datetime

LONGEST_GAP = 1.5
"""Seconds: a pause in the recording is never played longer."""
SHORTEST_GAP = 0.3
"""Seconds: runs that were judged again took none, and are to be followed by eye."""
SLOWEST, FASTEST = 0.125, 64.0


class Playback:
    """When the next line is due."""

    def __init__(self) -> None:
        self.is_playing = False
        self.speed = 1.0
        self._due = 0.0

    def toggle(self, now: float) -> None:
        """Play or pause."""
        self.is_playing = not self.is_playing
        self._due = now

    def change_speed(self, factor: float) -> None:
        """Play faster or slower."""
        self.speed = min(max(self.speed * factor, SLOWEST), FASTEST)

    def is_due(self, now: float) -> bool:
        """Say whether the next line is to be shown."""
        return self.is_playing and now >= self._due

    def schedule(self, here: datetime, following: datetime) -> None:
        """Note when the line after the one at `here` is due."""
        gap = min(max((following - here).total_seconds(), SHORTEST_GAP), LONGEST_GAP)
        self._due += gap / self.speed

    def __str__(self) -> str:
        """Return what is going on, in a few columns."""
        return f"{'▶' if self.is_playing else '‖'} {self.speed:g}x"
