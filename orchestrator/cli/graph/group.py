"""`crossaudit graph`: the group."""

from __future__ import annotations

import click

from orchestrator.cli.command import Group
from orchestrator.cli.graph.matrix import import_matrix
from orchestrator.cli.graph.simulation import simulate


@click.group(
    cls=Group,
    examples=[
        "crossaudit graph import verdicts.csv",
        "crossaudit graph simulate --plant pair --size .6",
    ],
)
def graph() -> None:
    """Test verdicts of others, or a simulated population, for collusion."""


for command in (import_matrix, simulate):
    graph.add_command(command)
