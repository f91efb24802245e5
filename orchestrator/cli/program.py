"""The program as a whole: its commands, and what an error looks like from outside."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from orchestrator.cli.command import Exit
from orchestrator.cli.glyphs import fit_streams
from orchestrator.cli.plain import safe
from orchestrator.cli.table import ENTRIES, SECTIONS
from orchestrator.errors import ConfigError, CrossauditError


def run_program(args: list[str] | None = None) -> int:
    """Run one command and return its exit code; never raises for what a user can cause."""
    fit_streams()
    try:
        code = program.main(args, prog_name="crossaudit", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else Exit.OK
    except click.Abort:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader has left: what is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.PIPE_CLOSED
    except (click.ClickException, CrossauditError, OSError, BaseExceptionGroup) as error:
        return _report(error)


def _report(error: BaseException) -> int:
    """Say in one line on standard error what went wrong, and return the exit code for it."""
    match error:
        case BaseExceptionGroup():  # a task group wraps even a single failure
            return _report(error.exceptions[0])
        case KeyboardInterrupt():
            return Exit.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():  # a bare group: its help was what was wanted
            click.echo(error.format_message())
            return Exit.OK
        case click.UsageError():
            return _complain(_usage(error), Exit.USAGE)
        case click.ClickException():
            return _complain(error.format_message(), Exit.FAILED)
        case CrossauditError():
            return _complain(
                str(error), Exit.USAGE if isinstance(error, ConfigError) else Exit.FAILED
            )
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return _complain(f"{place}{error.strerror or error}", Exit.FAILED)
    raise error


def _usage(error: click.UsageError) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    stop = "" if message.endswith("?") else "."
    hint = f" Try '{error.ctx.command_path} --help'." if error.ctx else ""
    return f"{message[:1].lower()}{message[1:]}{stop}{hint}"


def _complain(message: str, code: int) -> int:
    click.echo(f"crossaudit: {safe(message)}", err=True)
    return code


class Program(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that left early is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click itself would exit with 1: some input failed
            return Exit.PIPE_CLOSED

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of their sections."""
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in ENTRIES:
            return None
        module, _, attribute = ENTRIES[cmd_name].target.partition(":")
        command = getattr(import_module(f"orchestrator.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one there is."""
        name = args[0]
        if name not in ENTRIES and not name.startswith("-") and not ctx.resilient_parsing:
            from orchestrator.config import nearest

            raise click.UsageError(f"no command {name!r}{nearest(name, list(ENTRIES))}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section without importing any."""
        for section, entries in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, entry.line) for name, entry in entries.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without importing any."""
        names = [
            CompletionItem(name, help=entry.line)
            for name, entry in ENTRIES.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib import metadata

        click.echo(f"crossaudit {metadata.version('crossaudit')}")
        ctx.exit()


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'crossaudit COMMAND --help' shows its options, with examples.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def program() -> None:
    """Check an AI agent's actions before they run."""
