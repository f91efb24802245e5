"""What a shell line comes to: the flat list of commands that would run."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """One argument after quotes, escapes, braces and what is known of variables are resolved."""

    text: str
    """Unresolved parts are kept as written; a home directory is `~`."""
    known: bool
    """False if it holds an expansion or a glob that could not be resolved."""
    start: int
    end: int
    """Code-point offsets into the line, end exclusive."""


class Redirect(NamedTuple):
    """A redirection to or from a file; here-documents are in `Command.stdin` instead."""

    op: str
    target: Word


class Command(NamedTuple):
    """One simple command that would run, with everything around it that changes its meaning."""

    program: str | None
    """Base name, wrappers stripped; None if what runs could not be told."""
    word: Word | None = None
    """The program as written, with its directory; None for a bare redirection."""
    args: tuple[Word, ...] = ()
    flags: frozenset[str] = frozenset()
    """`-rf` gives `-r`, `-f` and `-rf`; `--flag=value` gives `--flag`; nothing after `--`."""
    targets: tuple[Word, ...] = ()
    """The arguments that are not flags."""
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[tuple[str, Word], ...] = ()
    wrappers: tuple[str, ...] = ()
    """Outermost first: `sudo`, `env`, `xargs`, `find -exec`, `sh -c`, `ssh HOST`, ..."""
    reads_pipe: bool = False
    pipeline: int = 0
    """Number of the pipeline in the line."""
    stage: int = 0
    """0-based place in the pipeline."""
    stdin_from: str | None = None
    """Program of the stage before."""
    stdin: Word | None = None
    """Literal text it reads: a here-document, a here-string, or what `echo` writes to the pipe."""
    code_from: tuple[str, ...] = ()
    """Programs whose output this command executes as code: `curl x | sh` gives `curl`."""
    cwd: str | None = None
    """Where an earlier `cd` of the line led; None if there was none or it cannot be followed."""
    cwd_known: bool = True
    """False after a `cd` that cannot be followed."""
    text: str = ""
    """The sub-command as written, wrappers stripped."""
    start: int = 0
    end: int = 0


class Shell(NamedTuple):
    """A shell line, understood as far as it can be."""

    commands: tuple[Command, ...]
    unknown: str | None
    """Why the line is not fully understood; None if it is."""


def split_arguments(args: tuple[Word, ...]) -> tuple[frozenset[str], tuple[Word, ...]]:
    """Return the normalised flags and the other arguments."""
    flags: list[str] = []
    targets: list[Word] = []
    for at, word in enumerate(args):
        text = word.text
        if len(text) < 2 or text[0] != "-":
            targets.append(word)
        elif text == "--":
            targets.extend(args[at + 1 :])
            break
        elif text[1] == "-":
            flags.append(text.partition("=")[0])
        else:
            flags.append(text)
            if len(text) > 2:
                flags.extend("-" + letter for letter in text[1:].partition("=")[0])
    return frozenset(flags), tuple(targets)


def basename(path: str) -> str:
    """Return the last part of `path`, itself if it ends in a slash."""
    return path[path.rfind("/") + 1 :] or path


def names(text: str) -> frozenset[str]:
    """Return the words of `text`: tables of names read best as running text."""
    return frozenset(text.split())
