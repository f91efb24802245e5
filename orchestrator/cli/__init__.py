"""The command line: `main` is what the command `crossaudit` starts.

The only place where the parts are put together. Nothing here is imported before it is needed, so
that help and completion are instant.
"""

from __future__ import annotations

import sys


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit: 0 ok, 1 some input failed, 2 usage, 3 the guard stopped it."""
    from orchestrator.cli.program import run_program

    sys.exit(run_program(args))
