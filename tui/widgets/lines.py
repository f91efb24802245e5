"""What timeline and panes have in common: lines that are drawn only where they are in sight."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView


class LineView(ScrollView, can_focus=True):
    """A view on lines; how many there are may change with every frame.

    The scrollbar always has its column: were it to come and go, the whole screen would be laid out
    anew each time.
    """

    def set_height(self, count: int) -> None:
        """Tell the scrollbar how many lines there are."""
        size = Size(self.size.width, count)
        if size != self.virtual_size:
            # Assigning it would lay out the whole screen anew.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)
