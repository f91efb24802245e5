"""A progress bar where somebody is looking."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

import click


def show_progress(length: int, label: str) -> AbstractContextManager[Any]:
    """Draw a bar on standard error, moved by its `update(n)`; say nothing without a terminal."""
    return click.progressbar(
        length=length,
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_pos=True,
    )
