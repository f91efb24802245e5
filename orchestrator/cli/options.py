"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.glyphs import fit_streams

if TYPE_CHECKING:
    from orchestrator.config import Keys, Loaded

Callback = Callable[..., Any]


def with_config(*, profile: bool = False, ledger: bool = False) -> Callable[[Callback], Callback]:
    """Add `--config`, and `--profile` and `--ledger` if asked; pass the merged result as `loaded`.

    The configuration is read when the command is called, so help never touches a file.
    """

    def decorate(callback: Callback) -> Callback:
        @wraps(callback)
        def call(*args: Any, config: str | None, **kwargs: Any) -> Any:
            chosen = kwargs.pop("profile", None)
            place = kwargs.pop("ledger", None)
            loaded = _load(config, chosen, place)
            fit_streams(loaded.config.tui.glyphs)
            return callback(*args, loaded=loaded, **kwargs)

        decorated = _CONFIG(call)
        if profile:
            decorated = _PROFILE(decorated)
        return _LEDGER(decorated) if ledger else decorated

    return decorate


def json_option(callback: Callback) -> Callback:
    """Add `--json`, passed as `as_json`: the same facts for a program to read."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON for a program.")(
        callback
    )


def complete_runs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the runs of the ledger whose ids begin so; none where there is no ledger."""
    from contextlib import closing

    from orchestrator.errors import CrossauditError
    from orchestrator.ledger.reader import Reader

    try:
        loaded = _load(ctx.params.get("config"), None, ctx.params.get("ledger"))
        with closing(Reader(loaded.config.ledger.path)) as reader:
            return [row.run for row in reader.runs() if row.run.startswith(incomplete)]
    except CrossauditError:
        return []


def _load(config: str | None, profile: str | None, ledger: str | None) -> Loaded:
    from orchestrator.config import load_config

    overrides: dict[Keys, tuple[Any, str]] = {}
    if ledger:
        overrides["ledger", "path"] = (ledger, "--ledger")
    return load_config(config, profile=profile, overrides=overrides)


_CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    help="Configuration file; else crossaudit.toml here or in a directory above.",
)
_PROFILE = click.option(
    "--profile",
    metavar="NAME",
    help="default, strict, observe, a control protocol (e.g. trusted_monitoring), or a .toml file.",
)
_LEDGER = click.option(
    "--ledger", metavar="FILE|URL", help="Ledger to use; else CROSSAUDIT_LEDGER or the configured."
)
