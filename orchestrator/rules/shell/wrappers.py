"""Programs that run another program: what they are called, and where the other one starts."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.rules.shell.command import Word, basename, names
from orchestrator.rules.shell.launchers import LAUNCHERS, Unwrapped
from orchestrator.rules.shell.options import read_options

_CHANGES_DIRECTORY = names("-C --chdir -D --directory")


class Wrapper(NamedTuple):
    """How a program's own arguments end and the wrapped command starts."""

    values: frozenset[str]
    """Its options that take a value."""
    operands: int
    """How many words of its own come after the options."""
    assigns: bool
    """Whether `NAME=value` may come before the command."""
    queries: frozenset[str]
    """Options with which it runs nothing."""
    is_text: bool
    """Whether the command is text for a shell, not words."""
    moves: bool
    """Whether `-C`, `-D`, `--chdir` or `--directory` say where the command runs."""


def unwrap(name: str, words: list[Word]) -> list[Unwrapped]:
    """Return what the command `words`, whose program is `name`, runs; nothing if no wrapper.

    More than one only for programs that run several, as `find` does.
    """
    launch = LAUNCHERS.get(name)
    if launch is not None and (found := launch(name, words)) is not None:
        return found
    wrapper = WRAPPERS.get(name)
    start = 1
    if wrapper is None and name in _PREFIXES:
        name, wrapper, start = _find_subcommand(words)
    return [] if wrapper is None else _take_off(name, wrapper, words, start)


def is_assignment(text: str) -> bool:
    """Say whether `text` reads `NAME=...`."""
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isascii() and name.isidentifier()


def _find_subcommand(words: list[Word]) -> tuple[str, Wrapper | None, int]:
    for at in range(1, len(words)):
        if not words[at].text.startswith("-"):
            name = f"{basename(words[0].text)} {words[at].text}"
            return name, WRAPPERS.get(name), at + 1
    return "", None, 0


def _take_off(name: str, wrapper: Wrapper, words: list[Word], start: int) -> list[Unwrapped]:
    options = read_options(words, start, wrapper.values)
    at = options.end + wrapper.operands
    while wrapper.assigns and at < len(words) and is_assignment(words[at].text):
        at += 1
    if options.has(wrapper.queries) or at >= len(words):
        return []
    directory = options.value(_CHANGES_DIRECTORY) if wrapper.moves else None
    return [Unwrapped(name, words[at:], wrapper.is_text, directory=directory)]


def _wrapper(
    values: str = "",
    operands: int = 0,
    *,
    assigns: bool = False,
    queries: str = "",
    is_text: bool = False,
    moves: bool = False,
) -> Wrapper:
    return Wrapper(names(values), operands, assigns, names(queries), is_text, moves)


_PLAIN = (
    "nohup setsid unbuffer builtin busybox toybox catchsegv firejail fakeroot noglob nocorrect "
    "proxychains proxychains4 torsocks valgrind",
    "poetry run", "pipenv run", "pdm run", "hatch run", "rye run", "bundle exec", "dotenv run",
    "mise exec", "asdf exec", "pyenv exec", "rbenv exec",
)  # fmt: skip
_SUDO = (
    "-u --user -g --group -p --prompt -h --host -C --close-from -D --chdir -r --role -t --type "
    "-T --command-timeout -U --other-user -R --chroot"
)
WRAPPERS = {
    **dict.fromkeys(_PLAIN[0].split(), _wrapper()),
    **dict.fromkeys(_PLAIN[1:], _wrapper()),
    "sudo": _wrapper(_SUDO, assigns=True, queries="-l --list -v --validate -e --edit", moves=True),
    "doas": _wrapper("-u -C"),
    "env": _wrapper("-u --unset -C --chdir", assigns=True, moves=True),
    "nice": _wrapper("-n --adjustment"),
    "ionice": _wrapper("-c --class -n --classdata -p --pid -t"),
    "chrt": _wrapper("-p -T -P -D", 1),
    "taskset": _wrapper("", 1),
    "timeout": _wrapper("-k --kill-after -s --signal", 1),
    "time": _wrapper("-f --format -o --output"),
    "stdbuf": _wrapper("-i --input -o --output -e --error"),
    "command": _wrapper(queries="-v -V"),
    "exec": _wrapper("-a"),
    "chroot": _wrapper("", 1),
    "flock": _wrapper("-w --timeout -E --conflict-exit-code", 1),
    "strace": _wrapper("-e -o -p -s -u -E -a -P -I -O -S -b", queries="-p"),
    "ltrace": _wrapper("-e -o -p -s -u -a -l -x -n -A -D -F", queries="-p"),
    "nsenter": _wrapper("-t --target -S -G"),
    "unshare": _wrapper("-S -G --map-user --map-group -R --root -w --wd"),
    "ssh-agent": _wrapper("-a -t -E -P -O"),
    "cross-env": _wrapper(assigns=True),
    "setuidgid": _wrapper("", 1),
    "s6-setuidgid": _wrapper("", 1),
    "caffeinate": _wrapper("-t -w"),
    "systemd-run": _wrapper("-p --property -u --unit -E --setenv -M --machine -H --host --uid"),
    "pkexec": _wrapper("--user"),
    "gosu": _wrapper("", 1),
    "su-exec": _wrapper("", 1),
    "setpriv": _wrapper("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set"),
    "runuser": _wrapper("-u --user -g --group -s --shell"),
    "xvfb-run": _wrapper("-n --server-num -s --server-args -e --error-file -f --auth-file"),
    "dbus-run-session": _wrapper("--config-file"),
    "watch": _wrapper("-n --interval -q --equexit", is_text=True),
    "hyperfine": _wrapper(
        "-w -m -M -r -p -c -n -N -S --warmup --runs --prepare --cleanup", is_text=True
    ),
    "npm exec": _wrapper("-p --package -w --workspace"),
    "uv run": _wrapper(
        "--with --python -p --project --directory --extra --group --env-file --package",
        moves=True,
    ),
    **dict.fromkeys(
        ("conda run", "mamba run", "micromamba run"), _wrapper("-n --name -p --prefix --cwd")
    ),
    "direnv exec": _wrapper("", 1),
    "aws-vault exec": _wrapper("-d --duration", 1),
    "op run": _wrapper("--env-file --account"),
}  # fmt: skip
_PREFIXES = frozenset(name.partition(" ")[0] for name in WRAPPERS if " " in name)
