"""Read a shell line: which commands it would run, and what is around them.

    parse_shell
    └ reader             what really runs: functions, aliases, programs
      ├ wrappers         sudo, env, timeout, ...
      │ └ launchers      find -exec, xargs, ssh, containers, ...
      ├ code             sh -c, eval, source, what an interpreter reads
      └ script           the statements in order: pipes, branches, loops
        ├ parser         the grammar, over compounds, phrases, documents and the lexer
        └ simple         a command's words, redirections and assignments
          └ words        braces, parameters, splitting

What cannot be resolved is kept as written and marked; what cannot be understood makes the line
unknown, and so never harmless.
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
