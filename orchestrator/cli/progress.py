"""A progress bar where somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TypeVar

import click

T = TypeVar("T")


def show_progress(
    items: Iterable[T], label: str, length: int | None = None
) -> AbstractContextManager[Iterable[T]]:
    """Count `items` on standard error while they are taken; say nothing without a terminal."""
    return click.progressbar(
        items,
        length=length,
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_pos=True,
    )
