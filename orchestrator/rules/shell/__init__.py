"""Read a shell line: which commands it would run, with what around them.

parse_shell ─ reader     calls, wrappers, interpreters, code inside code
              ├ script     the grammar's tree: lists, pipes, branches, loops, redirections
              │ ├ layout     what the grammar must be given to read as bash does
              │ └ words      quotes, braces, parameters, splitting
              ├ wrappers   sudo, env, xargs, find -exec, ssh, ...
              └ interpreters  where sh, python, ... take their code from
"""

from __future__ import annotations

from functools import lru_cache

from orchestrator.rules.shell.command import Command, Redirect, Shell, Word
from orchestrator.rules.shell.reader import read_line

__all__ = ["Command", "Redirect", "Shell", "Word", "parse_shell"]

MAX_LINE = 65_536


@lru_cache(maxsize=512)
def parse_shell(line: str) -> Shell:
    """Return the commands that `line` would run, and why it is not fully understood if so.

    Never raises; of a line above 64 Ki characters only the first part is read.
    """
    if len(line) > MAX_LINE:
        shell = read_line(line[:MAX_LINE])
        return shell._replace(unknown=f"it is longer than {MAX_LINE:,} characters")
    shell = read_line(line)
    if "\0" in line:
        return shell._replace(unknown=shell.unknown or "it has a NUL character")
    return shell
