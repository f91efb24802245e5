"""Where symbolic links lead, looked up once, when a turn is proposed, and recorded with it.

Rules never look at a disk: they read `Turn.links`, so that a replay sees what the guard saw.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterator

from orchestrator.domain.action import Turn
from orchestrator.rules.banks import Banks, open_banks
from orchestrator.rules.call import Call
from orchestrator.rules.policies import find_tools
from orchestrator.rules.tools import ToolMap, read_tools

MAX_PATHS = 200
"""At most so many paths of one turn are looked up."""


def find_links(turn: Turn, root: str | None) -> dict[str, str]:
    """Return path as written -> real path, for each path of `turn` that a link leads elsewhere.

    `root` is where relative paths start; what lies above it is not resolved for relative paths,
    so that a root that is itself a link changes nothing.
    """
    links: dict[str, str] = {}
    paths = list(itertools.islice(_find_paths(turn, root), MAX_PATHS))
    real_root = os.path.realpath(root) if root and paths else None
    for written, full in paths:
        try:
            path = os.path.expanduser(full)  # noqa: PTH111 - a Path costs more than the look-up
            real = os.path.realpath(path)
        except (OSError, ValueError):  # a NUL, a name too long
            continue
        if not path.startswith(os.sep) or written in links:
            continue
        if root and real_root and (real == real_root or real.startswith(real_root + os.sep)):
            real = root + real[len(real_root) :]
        if real != path:
            links[written] = real
    return links


def _find_paths(turn: Turn, root: str | None) -> Iterator[tuple[str, str]]:
    tools, banks = _read_tools()
    for action in turn.actions:
        for touch in Call(action, tools, banks, root=root).touches:
            yield touch.location.written, touch.location.full


@functools.cache
def _read_tools() -> tuple[ToolMap, Banks]:
    tools = read_tools(find_tools())
    return tools, open_banks(tools.programs)
