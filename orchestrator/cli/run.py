"""`crossaudit run`: an agent in any language, guarded over JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import safe
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.guard import Guard, RunSummary
    from orchestrator.integrations.json_lines import Ended

HOLDING = {
    "modify": "modified",
    "escalate": "escalated",
    "deny": "denied",
    "terminate": "terminated",
}


@click.command(
    cls=Command,
    examples=[
        "crossaudit run --profile observe -- python my_agent.py",
        'crossaudit run --execute host --dir work --task "tidy the build folder" -- ./agent',
    ],
    context_settings={"ignore_unknown_options": True},
)
@with_config(profile=True, ledger=True)
@click.option("--agent", metavar="NAME", help="Name in the ledger; else the command's own.")
@click.option("--model", metavar="VENDOR/NAME", help="The agent's model, as far as you know it.")
@click.option("--task", help="The user's words; also sent to the agent.")
@click.option(
    "--tools", type=click.Path(exists=True), help="JSON file with a list of tool schemas."
)
@click.option(
    "--execute",
    type=click.Choice(["agent", "host"]),
    default="agent",
    show_default=True,
    help="Who runs the tools; host offers read_file, write_file, list_files and shell.",
)
@click.option("--dir", "folder", type=click.Path(exists=True, file_okay=False), default=".",
              help="Where the agent works.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="No line for each decision on standard error.")
@click.option("--tui", is_flag=True, help="Show the run on the screen of `crossaudit watch`.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    loaded: Loaded,
    agent: str | None,
    model: str | None,
    task: str | None,
    tools: str | None,
    execute: Any,
    folder: str,
    quiet: bool,
    tui: bool,
    command: tuple[str, ...],
) -> int:
    """Run COMMAND as a guarded agent that speaks JSON lines on its output and input."""
    if tui:
        from orchestrator.cli.screen import show_beside

        again = _write_options(click.get_current_context().params, loaded)
        return show_beside(loaded.config, ["run", *again, "--", *command], ends_with_screen=False)
    from orchestrator.guard import Guard
    from orchestrator.integrations.json_lines import run_command
    from orchestrator.integrations.tools import file_and_shell_tools

    place = Path(folder).resolve()
    offered: Any = _read_tools(tools) if tools else ()
    if execute == "host":
        if tools:
            raise ConfigError(
                "--tools declares tools that the agent runs; drop it or --execute host"
            )
        offered = file_and_shell_tools(place, environment={})

    guard = Guard(loaded.config)

    async def guarded() -> Ended:
        async with guard, anyio.create_task_group() as tasks:
            if not quiet:
                await tasks.start(_narrate, guard)
            ended = await run_command(
                guard,
                command,
                agent=agent or Path(command[0]).name,
                model=model,
                task=task,
                tools=offered,
                execute=execute,
                folder=place,
            )
            tasks.cancel_scope.cancel()
        return ended

    ended = anyio.run(guarded)
    for failure in guard.witness_failures:
        click.echo(f"crossaudit: {safe(failure)}", err=True)
    return _report(ended, loaded.config.gate.enforce)


def _write_options(given: dict[str, Any], loaded: Loaded) -> list[str]:
    """Return the options of this call, for a process that has no screen."""
    names = ("config", "profile", "agent", "model", "task", "tools", "execute")
    options = {f"--{name}": given.get(name) for name in names}
    options |= {"--dir": given["folder"], "--ledger": loaded.config.ledger.path}
    return [word for name, value in options.items() if value for word in (name, str(value))]


async def _narrate(guard: Guard, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    from orchestrator.cli.narrator import Narrator

    narrator = Narrator(lambda line: click.echo(line, err=True))
    async with guard.subscribe() as events:
        task_status.started()
        async for event in events:
            narrator.tell(event)


def _report(ended: Ended, enforced: bool) -> int:
    click.echo(describe_summary(ended.summary, enforced), err=True)
    if ended.why:
        click.echo(f"crossaudit: {safe(ended.why)}", err=True)
    if ended.terminated:
        click.echo(f"crossaudit: the guard stopped run {ended.run}", err=True)
        return Exit.STOPPED
    if ended.exit_code:
        click.echo(f"crossaudit: the agent exited with {ended.exit_code}", err=True)
        return Exit.FAILED
    return Exit.OK


def describe_summary(summary: RunSummary, enforced: bool) -> str:
    """Return one line on what was judged; under `observe`, on what would have been held."""
    counts = {word: summary.decisions.get(word, 0) for word in HOLDING}
    said = ", ".join(f"{verb} {counts[word]}" for word, verb in HOLDING.items() if counts[word])
    verb = "" if enforced else "observed only; would have "
    return f"{summary.actions} actions: {verb}{said or 'held nothing'} [{summary.auditors}]"


def _read_tools(path: str) -> list[dict[str, Any]]:
    try:
        tools = json.loads(Path(path).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not JSON: {error}", file=path) from None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise ConfigError("is not a list of tool schemas", file=path)
    return tools
