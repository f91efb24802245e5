"""Programs that run text as code: which of their arguments, or their input, is the code."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from orchestrator.rules.shell.command import Command, Word, names
from orchestrator.rules.shell.escapes import decode_ansi

SHELLS = names("sh bash dash zsh ksh ksh93 mksh ash rbash fish")
_OTHERS = names("perl ruby node nodejs php lua Rscript osascript pwsh deno bun tclsh")
_CODE_OPTIONS = {"python": "cm", "perl": "eE", "ruby": "e", "php": "r", "lua": "e"}
_MAX_OUTPUT = 65_536
_READS_COMMANDS = frozenset(("at", "batch"))

INITIALISERS = names(
    "ssh-agent brew direnv pyenv rbenv nodenv goenv conda mamba opam minikube dircolors starship "
    "zoxide fnm mise rtx atuin keychain gpg-agent register-python-argcomplete luarocks docker- "
    "machine resize lesspipe thefuck"
)
"""Programs made to print settings for `eval`, where `eval "$(program ...)"` is the way to use
them; any other output that is evaluated is code that cannot be seen."""


class Code(NamedTuple):
    """What an interpreter runs."""

    text: Word | None
    """The code given as an argument; None if it comes from the standard input."""
    arguments: tuple[Word, ...] = ()
    """What the code sees as `$1`, `$2`, ..."""
    label: str = ""
    """What to call it as a wrapper of the commands in it; empty if they are not shell."""


def is_interpreter(program: str) -> bool:
    """Say whether `program` runs its standard input as code when given no script."""
    return program in SHELLS or program in _READS_COMMANDS or _family(program) is not None


def find_code(program: str, args: tuple[Word, ...]) -> Code | None:
    """Return where the code of the interpreter `program` comes from; None if from a file."""
    if program in SHELLS:
        return _shell_code(program, args)
    if program in _READS_COMMANDS:
        return None if any(w.text == "-f" for w in args) else Code(None, label=program)
    family = _family(program)
    letters = _CODE_OPTIONS.get(family or "", "e")
    for word in args:
        text = word.text
        if text in ("-", "/dev/stdin"):
            return Code(None)
        if not text.startswith("-") or len(text) < 2:
            return None
        if text[1] != "-" and any(letter in text for letter in letters):
            return None
        if text in ("--eval", "--print", "--version", "--help", "-V", "-v", "-h"):
            return None
    return Code(None)


def _family(program: str) -> str | None:
    stem = program.rstrip("0123456789.")
    if stem in ("python", "pypy", "ipython"):
        return "python"
    return stem if stem in _OTHERS else program if program in _OTHERS else None


def _shell_code(program: str, args: tuple[Word, ...]) -> Code | None:
    at, has_code, stdin = 0, False, False
    while at < len(args):
        text = args[at].text
        if text in ("-", "--"):
            at += 1
            break
        if len(text) < 2 or text[0] not in "-+":
            break
        if text in ("-o", "+o", "-O", "+O", "--rcfile", "--init-file"):
            at += 2
            continue
        if text[:2] != "--":
            has_code = has_code or "c" in text
            stdin = stdin or "s" in text
        at += 1
    if has_code:
        return Code(args[at], args[at + 2 :], label=f"{program} -c") if at < len(args) else None
    if stdin or at >= len(args) or args[at].text in ("/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"):
        return Code(None, args[at:] if stdin else (), label=program)
    return None


def literal_output(command: Command) -> str | None:
    """Return what `command` writes, where its arguments and input alone say so."""
    if any(not word.known for word in command.args):
        return None
    writer = _WRITERS.get(command.program or "")
    return writer(command) if writer else None


def _echo(command: Command) -> str | None:
    words = [word.text for word in command.args]
    newline, escapes = "\n", False
    while words and len(words[0]) > 1 and words[0][0] == "-" and not words[0][1:].strip("neE"):
        option = words.pop(0)
        newline = "" if "n" in option else newline
        escapes = "e" in option or escapes
    text = " ".join(words)
    if "\\" in text and not escapes:
        return None  # some shells decode it all the same
    return (decode_ansi(text) if escapes else text) + newline


def _printf(command: Command) -> str | None:
    words = [word.text for word in command.args]
    if words[:1] == ["--"]:
        words.pop(0)
    if not words or words[0].startswith("-v"):
        return None
    form, *rest = words
    if form.replace("%s", "").replace("%b", "").count("%"):
        return None
    if "%b" in form and any("\\" in word for word in rest):
        return None
    form = decode_ansi(form)
    slots = form.count("%s") + form.count("%b")
    if not slots:
        return form
    rounds = max(1, -(-len(rest) // slots))
    if rounds * len(form) > _MAX_OUTPUT:
        return None
    rest = rest + [""] * (rounds * slots - len(rest))
    pieces = (form * rounds).replace("%b", "%s").split("%s")
    return pieces[0] + "".join(a + b for a, b in zip(rest, pieces[1:], strict=True))


def _look_up(command: Command) -> str | None:
    """Say what `which x` and `command -v x` write, but for the directory."""
    if command.program == "command" and "-v" not in command.flags:
        return None
    return command.targets[0].text if len(command.targets) == 1 else None


def _pwd(command: Command) -> str | None:
    return (command.cwd or ".") if command.cwd_known else None


def _pass_on(command: Command) -> str | None:
    if command.program == "cat" and any(word.text != "-" for word in command.targets):
        return None
    return _input(command)


def _base64(command: Command) -> str | None:
    text = _input(command)
    if text is None or command.flags.isdisjoint(("-d", "-D", "--decode")):
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _xxd(command: Command) -> str | None:
    text = _input(command)
    if text is None or not {"-r", "-p"} <= command.flags:
        return None
    try:
        return bytes.fromhex(text).decode("utf-8", "replace")
    except ValueError:
        return None


def _rev(command: Command) -> str | None:
    text = _input(command)
    return None if text is None else "\n".join(row[::-1] for row in text.split("\n"))


def _input(command: Command) -> str | None:
    return command.stdin.text if command.stdin is not None and command.stdin.known else None


_WRITERS = {
    "echo": _echo,
    "printf": _printf,
    "cat": _pass_on,
    "tee": _pass_on,
    "base64": _base64,
    "xxd": _xxd,
    "rev": _rev,
    "which": _look_up,
    "command": _look_up,
    "pwd": _pwd,
}
