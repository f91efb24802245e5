"""`crossaudit run`: an agent in any language over JSON lines, or a model with our own tools."""

from __future__ import annotations

import json
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import count, safe
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.guard import Guard, RunSummary
    from orchestrator.integrations.agent_loop import Worked
    from orchestrator.integrations.json_lines import Ended

    Work: TypeAlias = Callable[[], Awaitable[Ended]]

APIS = ("openai:", "anthropic:")
"""What `--agent` begins with where it names a model."""

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
        'crossaudit run --agent anthropic:NAME --tools files,shell --dir work "tidy the folder"',
    ],
    context_settings={"ignore_unknown_options": True},
)
@with_config(profile=True, ledger=True)
@click.option(
    "--agent",
    metavar="NAME|openai:MODEL|anthropic:MODEL",
    help="Name of the command in the ledger; or a model that is the agent, at work on the task.",
)
@click.option("--model", metavar="VENDOR/NAME", help="The command's model, as far as you know it.")
@click.option("--task", help="The user's words; also sent to the agent.")
@click.option(
    "--tools",
    metavar="FILE|NAMES",
    help="JSON file with a list of tool schemas; for a model files,shell or one of them.",
)
@click.option("--base-url", metavar="URL", help="Where these models are served, if not by "
              "their vendors.")  # fmt: skip
@click.option(
    "--trusted",
    metavar="openai:MODEL|anthropic:MODEL",
    help="A trusted model that takes over turns which defer_to_trusted does not run.",
)
@click.option("--max-turns", type=click.IntRange(min=1), default=40, show_default=True,
              help="Most turns of a model.")  # fmt: skip
@click.option(
    "--execute",
    type=click.Choice(["agent", "host"]),
    default="agent",
    show_default=True,
    help="Who runs the tools; host offers read_file, write_file, list_files and shell.",
)
@click.option("--dir", "folder", type=click.Path(exists=True, file_okay=False), default=".",
              help="Where the agent works.")  # fmt: skip
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write what model auditors answer to this cassette, to replay it at no "
              "cost.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="No line for each decision on standard error.")
@click.option("--tui", is_flag=True, help="Show the run on the screen of `crossaudit watch`.")
@click.argument("command", metavar="COMMAND...|TASK", nargs=-1, type=click.UNPROCESSED)
def run(
    loaded: Loaded,
    agent: str | None,
    command: tuple[str, ...],
    task: str | None,
    folder: str,
    record: Path | None,
    quiet: bool,
    tui: bool,
    **options: Any,
) -> int:
    """Run COMMAND as a guarded agent that speaks JSON lines on its output and input.

    With --agent openai:MODEL or anthropic:MODEL that model is the agent, TASK is what it is to do,
    and its tools run here, in --dir. They are no sandbox. Its last words go to standard output.
    """
    if tui:
        from orchestrator.cli.screen import show_beside

        again = _write_options(click.get_current_context().params, loaded)
        return show_beside(loaded.config, ["run", *again, "--", *command], ends_with_screen=False)
    from orchestrator.guard import Guard
    from orchestrator.panel.members import with_cassette

    config = with_cassette(loaded.config, record=record)
    place, guard = Path(folder).resolve(), Guard(config)
    if agent and agent.startswith(APIS):
        if task is not None and command:
            raise ConfigError("the task is given twice: as --task and as the argument")
        work = _work_of_model(guard, agent, task or " ".join(command), place, options)
    elif not command:
        raise click.UsageError("name the COMMAND to run, or a model with --agent")
    else:
        work = _work_of_command(guard, command, agent, task, place, options)
    ended = anyio.run(_guarded, guard, work, quiet)
    for failure in guard.witness_failures:
        click.echo(f"crossaudit: {safe(failure)}", err=True)
    for one in guard.roster.auditors if guard.roster else ():
        for why in getattr(one.client, "unwritten", ())[:1]:
            said = f"not every answer of {safe(one.name)} could be recorded: {safe(why)}"
            click.echo(f"crossaudit: {said}", err=True)
    if ended is None:
        return Exit.TOLD
    return _report(ended, loaded.config.gate.enforce)


def _work_of_command(
    guard: Guard,
    command: tuple[str, ...],
    agent: str | None,
    task: str | None,
    place: Path,
    options: Mapping[str, Any],
) -> Work:
    """Return what runs a command; ConfigError for options that make no sense for one."""
    from orchestrator.integrations.json_lines import run_command
    from orchestrator.integrations.tools import file_and_shell_tools

    if options["base_url"] or options["trusted"]:
        raise ConfigError("--base-url and --trusted are for a model: --agent openai:MODEL")
    tools, execute = options["tools"], options["execute"]
    offered: Any = _read_tools(tools) if tools else ()
    if execute == "host":
        if tools:
            raise ConfigError(
                "--tools declares tools that the agent runs; drop it or --execute host"
            )
        offered = file_and_shell_tools(place, environment={})

    async def work() -> Ended:
        return await run_command(
            guard,
            command,
            agent=agent or Path(command[0]).name,
            model=options["model"],
            task=task,
            tools=offered,
            execute=execute,
            folder=place,
        )

    return work


def _work_of_model(
    guard: Guard, agent: str, task: str, place: Path, options: Mapping[str, Any]
) -> Work:
    """Return what lets a model work; ConfigError for options that make no sense for one."""
    from orchestrator.integrations.agent_loop import run_agent
    from orchestrator.integrations.json_lines import Ended
    from orchestrator.models.agent import connect_agent

    if not task:
        raise click.UsageError('say what the agent is to do: crossaudit run --agent ... "TASK"')
    if options["model"]:
        raise ConfigError(f"--model is for a command; {agent} says what the agent's model is")
    model = connect_agent(agent, base_url=options["base_url"], clock=guard.clock)
    trusted = options["trusted"] and connect_agent(
        options["trusted"], base_url=options["base_url"], clock=guard.clock
    )

    async def work() -> Ended:
        try:
            worked = await run_agent(
                guard,
                model,
                task,
                folder=place,
                tools=(options["tools"] or "files,shell").split(","),
                max_turns=options["max_turns"],
                trusted=trusted or None,
            )
        finally:
            with anyio.CancelScope(shield=True):
                for one in (model, trusted):
                    if one:
                        await one.aclose()
        _tell_end(worked)
        code = 1 if worked.why else 0
        return Ended(worked.run, code, worked.terminated, worked.summary, worked.why)

    return work


def _tell_end(worked: Worked) -> None:
    """Write the model's last words, and what its turns took."""
    from orchestrator.domain.usage import add_usage

    if worked.said:
        click.echo("\n".join(map(safe, worked.said.split("\n"))))
    used = add_usage(worked.usages)
    counts = {"in": used.input_tokens, "out": used.output_tokens}
    tokens = [f"{count:,} {word}" for word, count in counts.items() if count is not None]
    cost = "cost unknown" if used.cost_usd is None else f"{used.cost_usd:.4f} USD"
    said = ", ".join([*(tokens or ["tokens unknown"]), cost])
    click.echo(f"agent: {len(worked.usages)} model calls, {said}", err=True)


async def _guarded(guard: Guard, work: Work, quiet: bool) -> Ended | None:
    """Return how the run ended; None where this process was told to end."""
    ended = None
    async with guard, anyio.create_task_group() as tasks:
        await tasks.start(_end_when_told, tasks.cancel_scope)
        if not quiet:
            await tasks.start(_narrate, guard)
        ended = await work()
        tasks.cancel_scope.cancel()
    return ended


async def _end_when_told(
    scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None]
) -> None:
    """Cancel `scope` at SIGTERM, so that the run is closed and the agent ended."""
    with anyio.open_signal_receiver(signal.SIGTERM) as told:
        task_status.started()
        async for _ in told:
            scope.cancel()


def _write_options(given: dict[str, Any], loaded: Loaded) -> list[str]:
    """Return the options of this call, for a process that has no screen."""
    names = (
        "config", "profile", "agent", "model", "task", "tools", "execute", "base_url", "trusted",
        "max_turns", "record",
    )  # fmt: skip
    options = {f"--{name.replace('_', '-')}": given.get(name) for name in names}
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
    if ended.exit_code and not ended.why:
        click.echo(f"crossaudit: the agent exited with {ended.exit_code}", err=True)
    return Exit.FAILED if ended.exit_code else Exit.OK


def describe_summary(summary: RunSummary, enforced: bool) -> str:
    """Return one line on what was judged; under `observe`, on what would have been held."""
    counts = {word: summary.decisions.get(word, 0) for word in HOLDING}
    said = ", ".join(f"{verb} {counts[word]}" for word, verb in HOLDING.items() if counts[word])
    verb = "" if enforced else "observed only; would have "
    return (
        f"{count(summary.actions, 'action')}: {verb}{said or 'held nothing'} [{summary.auditors}]"
    )


def _read_tools(path: str) -> list[dict[str, Any]]:
    try:
        tools = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=path) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not JSON: {error}", file=path) from None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise ConfigError("is not a list of tool schemas", file=path)
    return tools
