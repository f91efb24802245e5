"""A progress bar where somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import click

_Item = TypeVar("_Item")


def show_progress(length: int, label: str) -> AbstractContextManager[Any]:
    """Draw a bar on standard error, moved by its `update(n)`; say nothing without a terminal."""
    return click.progressbar(
        length=length,
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_pos=True,
    )


@contextmanager
def track(items: Iterable[_Item], label: str) -> Iterator[Iterable[_Item]]:
    """Draw how many of `items` were taken, however many there are, as above."""
    if not sys.stderr.isatty():
        yield items
        return
    with click.progressbar(items, label=label, file=sys.stderr, show_pos=True) as bar:
        yield bar
