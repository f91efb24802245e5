"""The command palette: the same table as the keys, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.bindings import KEYS
from tui.themes import NAMES


class Command(NamedTuple):
    """Something that can be done by name."""

    name: str
    action: str
    help: str


def commands() -> Iterator[Command]:
    """Yield every key's action, and each theme."""
    for key in KEYS:
        if key.id != "palette":
            yield Command(key.words, key.action, f"{key.help}  [{key.label or key.keys}]")
    for name in NAMES:
        yield Command(f"Theme: {name}", f"set_theme('{name}')", "Change the colours")


class CockpitCommands(Provider):
    """Offer the table to the palette."""

    async def discover(self) -> Hits:
        """Yield everything, before anything is typed."""
        for command in commands():
            yield DiscoveryHit(command.name, self._run(command.action), help=_plain(command.help))

    async def search(self, query: str) -> Hits:
        """Yield what matches."""
        matcher = self.matcher(query)
        for command in commands():
            score = matcher.match(command.name)
            if score > 0:
                highlighted = matcher.highlight(command.name)
                yield Hit(score, highlighted, self._run(command.action), help=_plain(command.help))

    def _run(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.app.run_action(action)

        return run


def _plain(text: str) -> str:
    """Keep brackets from being read as markup."""
    return text.replace("[", "(").replace("]", ")")
