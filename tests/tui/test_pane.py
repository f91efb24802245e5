"""The pane of text: wrapped once, scrolled and selected, without laying the screen out anew."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from tui.widgets.pane import Pane

LONG = Content("\n".join(f"line {n} " + "word " * 12 for n in range(40)))


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio alone."""
    return "asyncio"


class Paned(App[None]):
    CSS = "Pane { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"

    def compose(self) -> ComposeResult:
        yield Pane("pane", "Pane")


def seen(pane: Pane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


async def test_a_text_wraps_scrolls_and_a_new_one_begins_at_its_top() -> None:
    app = Paned()
    async with app.run_test(size=(40, 10)) as pilot:
        pane = app.query_one(Pane)
        pane.show(LONG, "a")
        await pilot.pause()
        assert seen(pane)[:2] == [
            "line 0 word word word word word word",
            "word word word word word word",
        ]
        assert pane.virtual_size.height == len(seen(pane)) * 8
        pane.focus()
        await pilot.press("G")
        await pilot.pause()
        assert pane.scroll_offset.y == 70
        pane.show(LONG.append("!"), "a")
        assert pane.scroll_offset.y == 70
        pane.show(LONG, "b")
        assert pane.scroll_offset.y == 0
        await pilot.resize_terminal(100, 10)
        await pilot.pause()
        assert pane.virtual_size.height == 40


async def test_words_are_selected_with_the_mouse() -> None:
    app = Paned()
    async with app.run_test(size=(40, 10)) as pilot:
        pane = app.query_one(Pane)
        pane.show(LONG, "a")
        await pilot.pause()
        await pilot.mouse_down(pane, offset=(0, 2))
        await pilot.hover(pane, offset=(6, 2))
        await pilot.mouse_up(pane, offset=(6, 2))
        await pilot.pause()
        selected = app.screen.get_selected_text()
        assert selected and selected.startswith("line 1")


async def test_another_text_lays_out_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Paned()
    async with app.run_test(size=(40, 10)) as pilot:
        pane = app.query_one(Pane)
        pane.show(LONG, "a")
        await pilot.pause()
        laid_out = []
        plain = app.screen._refresh_layout

        def count(*args: Any, **kwargs: Any) -> None:
            laid_out.append(1)
            plain(*args, **kwargs)

        monkeypatch.setattr(app.screen, "_refresh_layout", count)
        for n in range(5):
            pane.show(Content(f"text {n}"), n)
            await pilot.pause()
            assert seen(pane)[0] == f"text {n}"
            pane.show(LONG, -n - 1)
            await pilot.pause()
        assert not laid_out
