"""Generated runs for measuring: the half that nobody looked at while the auditors were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.benchmarks.labelled import Labelled

SEED = 4242
MANY = 600


MADE: dict[str, Callable[[], Iterator[Labelled]]] = {}
