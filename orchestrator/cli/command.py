"""A command that shows how it is used, and the exit codes commands return."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import click


class Exit(IntEnum):
    """What a command returns; None counts as `OK`."""

    OK = 0
    FAILED = 1
    """Some input failed; the rest was processed."""
    USAGE = 2
    STOPPED = 3
    """The guard stopped the run."""
    INTERRUPTED = 130
    TOLD = 143
    PIPE_CLOSED = 141


class Command(click.Command):
    """A command whose help ends with examples."""

    def __init__(self, *args: Any, examples: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they would be typed."""
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        super().format_epilog(ctx, formatter)


class Group(Command, click.Group):
    """A group of commands, with examples of its own."""

    command_class = Command
