"""What the program looks like from outside: exit codes, one-line errors, help with examples."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.cli import table
from orchestrator.cli.command import Command, Exit
from orchestrator.cli.program import program, run_program
from orchestrator.errors import ConfigError, ReplayError, StoreError

COMPLETE = "_CROSSAUDIT_COMPLETE"


def _walk(group: click.Group, context: click.Context) -> Iterator[click.Context]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        yield inner
        if isinstance(command, click.Group):
            yield from _walk(command, inner)


CONTEXTS = {
    c.command_path: c for c in _walk(program, click.Context(program, info_name="crossaudit"))
}


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_command_says_what_it_does_and_shows_how(path: str) -> None:
    context = CONTEXTS[path]
    assert isinstance(context.command, Command)
    assert context.command.examples
    text = context.get_help()
    assert "Example" in text
    assert context.command.get_short_help_str(200).endswith(".")
    assert path in context.command.examples[0]


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_example_names_options_that_exist(path: str) -> None:
    command = CONTEXTS[path].command
    assert isinstance(command, Command)
    for example in command.examples:
        words = shlex.split(example, comments=True)
        if words[0] != "crossaudit" or isinstance(command, click.Group):
            continue
        end = next((i for i, word in enumerate(words) if word in ("|", ">", "--")), len(words))
        context = click.Context(command)
        command.make_parser(context).parse_args(words[len(path.split()) : end])


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["--help"]) == Exit.OK
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in table.ENTRIES)


def test_the_line_in_the_list_says_what_the_help_says() -> None:
    for name, entry in table.ENTRIES.items():
        assert CONTEXTS[f"crossaudit {name}"].command.help
        assert entry.line.endswith(".")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["confg"], "no command 'confg'; did you mean 'config'? Try 'crossaudit --help'."),
        (["zzz"], "no command 'zzz'; known are "),
        (["config", "shw"], "no such command 'shw'. Did you mean 'show'?"),
        (["config", "show", "--jsn"], "no such option '--jsn'."),
        (["completion"], "missing argument 'SHELL'. Choose from: bash, zsh, fish."),
        (["config", "show", "--config", "none.toml"], "file 'none.toml' does not exist"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(args) == Exit.USAGE
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("crossaudit: ")
    assert said.lower() in err.lower()
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ReplayError("a.jsonl:3: not JSON"), Exit.FAILED, "a.jsonl:3: not JSON"),
        (ConfigError("unknown key 'x'", file="c.toml", line=2), Exit.USAGE, "c.toml:2: unknown"),
        (ReplayError("escape \x1b[2J\nnext"), Exit.FAILED, r"escape \x1b[2J\nnext"),
        (PermissionError(13, "Permission denied", "x.db"), Exit.FAILED, "x.db: Permission denied"),
        (click.ClickException("no"), Exit.FAILED, "no"),
        (BaseExceptionGroup("tasks", [StoreError("full")]), Exit.FAILED, "full"),
        (BaseExceptionGroup("tasks", [KeyboardInterrupt()]), Exit.INTERRUPTED, ""),
        (KeyboardInterrupt(), Exit.INTERRUPTED, ""),
        (click.Abort(), Exit.INTERRUPTED, ""),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    error: BaseException,
    code: Exit,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _stand_in(monkeypatch, error)
    assert run_program(["config"]) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.strip("\n").count("\n") == 0


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(monkeypatch, ZeroDivisionError("bug"))
    with pytest.raises(ZeroDivisionError):
        run_program(["config"])


def test_a_command_returns_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(monkeypatch, None)
    assert run_program(["config"]) == Exit.STOPPED


def test_a_bare_group_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program([]) == Exit.OK
    assert "Set up:" in capsys.readouterr().out
    assert run_program(["config"]) == Exit.OK
    assert "Examples:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["--version"]) == Exit.OK
    assert capsys.readouterr().out.startswith("crossaudit ")


def test_help_is_instant_and_imports_no_command() -> None:
    code = (
        "import sys; from orchestrator.cli.program import run_program; run_program(['--help']);"
        "print(*[m for m in sys.modules if m.startswith('orchestrator')])"
    )
    _python(code)  # warm
    started = time.perf_counter()
    shown = _python(code).stdout
    assert time.perf_counter() - started < 3.0  # 0.04 s measured by `make bench`, loose here
    loaded = set(shown.splitlines()[-1].split())
    assert loaded <= {
        "orchestrator",
        "orchestrator.errors",
        "orchestrator.cli",
        "orchestrator.domain",
        "orchestrator.domain.display",  # text made safe: nothing but the standard library
        "orchestrator.domain.glyphs",  # the same: a table
        *(
            f"orchestrator.cli.{name}"
            for name in ("program", "command", "glyphs", "plain", "table")
        ),
    }


def test_a_closed_pipe_is_quiet() -> None:
    code = "from orchestrator.cli import main; main(['config', 'show', '--json'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == Exit.PIPE_CLOSED


def test_an_interrupt_is_quiet() -> None:
    code = (
        "import click, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # off in the background\n"
        "from orchestrator.cli import program as p\n"
        "@p.program.result_callback()\n"
        "def wait(*_, **__): print('ready', flush=True); time.sleep(30)\n"
        "import sys; sys.exit(p.run_program(['config', 'show']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while "ready" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().strip() == ""
    assert process.returncode == Exit.INTERRUPTED


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_back(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_program(["completion", shell])
    assert f"{COMPLETE}={shell}_complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("crossaudit con", "config"),
        ("crossaudit config sh", "show"),
        ("crossaudit completion z", "zsh"),
    ],
)
def test_completion_offers_names(line: str, offered: str, tmp_path: Path) -> None:
    words = line.split()
    env = {
        **os.environ,
        COMPLETE: "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    code = "from orchestrator.cli import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert f"plain,{offered}" in shown.stdout.splitlines()


def _stand_in(monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> None:
    """Replace every command by one that raises `error`, or returns `STOPPED`."""

    def act() -> Exit:
        if error is not None:
            raise error
        return Exit.STOPPED

    command = click.Command("config", callback=act)
    monkeypatch.setattr(type(program), "get_command", lambda *_: command)


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
