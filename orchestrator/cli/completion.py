"""Completion scripts for shells."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from orchestrator.cli.command import Command


@click.command(
    cls=Command,
    examples=[
        'eval "$(crossaudit completion bash)"     # in ~/.bashrc',
        'eval "$(crossaudit completion zsh)"      # in ~/.zshrc',
        "crossaudit completion fish > ~/.config/fish/completions/crossaudit.fish",
    ],
)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names.

    SHELL is bash (4.4 or newer), zsh or fish.
    """
    from orchestrator.cli.program import program

    kind = get_completion_class(shell)
    assert kind is not None  # the three above come with click
    click.echo(kind(program, {}, "crossaudit", "_CROSSAUDIT_COMPLETE").source())
