"""Which packs a command is about, and the recorded runs it tries them on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Exit
from orchestrator.cli.plain import safe
from orchestrator.cli.progress import track
from orchestrator.errors import PolicyError

if TYPE_CHECKING:
    from orchestrator.config import Config, Rules
    from orchestrator.replay.player import Played
    from orchestrator.replay.recording import Recording

Take = Callable[["Recording"], Awaitable[None]]


def select_rules(rules: Rules, packs: Sequence[str]) -> Rules:
    """Return `rules` with only `packs`: names, files or folders; as configured if none is named.

    Of the configured parameters, those stay that the packs ask for.
    """
    if not packs:
        return rules
    names = tuple(name for pack in packs for name in _expand(pack))
    return rules.model_copy(
        update={"packs": names, "parameters": _fitting_parameters(rules, names)}
    )


def find_recordings(config: Config, paths: Iterable[Path], take: Take) -> int:
    """Hand every run at `paths` to `take`; say what is unreadable, and return the exit code."""
    import anyio

    from orchestrator.replay.importers import find_runs
    from orchestrator.replay.recording import Unreadable

    paths = tuple(paths)
    failed = False

    async def go() -> None:
        nonlocal failed
        found = find_runs(paths, limit_bytes=config.limits.record_mib * 1024 * 1024)
        with track(found, f"replaying {safe(str(paths[0]), 40)}") as items:
            for item in items:
                if not isinstance(item, Unreadable):
                    await take(item)
                    continue
                failed |= item.known_format
                why = safe(item.why, 200) if item.known_format else "not a run"
                click.echo(f"{safe(item.file)}: {why}", err=True)

    anyio.run(go)
    return Exit.FAILED if failed else Exit.OK


def name_recording(played: Played) -> str:
    """Return where a played run was read from."""
    from orchestrator.domain.event import RunOpened

    opened = played.events[0].fact
    source = opened.facts.source if isinstance(opened, RunOpened) else None
    return f"{source.file}:{source.record}" if source else played.run


def _expand(pack: str) -> list[str]:
    """Return the packs of a folder, or what was named as it is."""
    path = Path(pack)
    if path.is_dir():
        found = sorted(str(one) for one in path.iterdir() if one.suffix in (".yaml", ".yml"))
        if not found:
            raise PolicyError("holds no rule pack (.yaml)", file=pack)
        return found
    return [pack]


def _fitting_parameters(rules: Rules, names: Sequence[str]) -> dict[str, object]:
    """Return the configured parameters that the packs know; all, where a pack cannot be read."""
    from orchestrator.rules.packs import read_parameters
    from orchestrator.rules.policies import find_policies

    if not rules.parameters:
        return {}
    try:
        known = read_parameters(find_policies(names).packs)
    except PolicyError:
        return {}
    return {name: value for name, value in rules.parameters.items() if name in known}
