"""`crossaudit graph`: the group, which without a subcommand shows what the ledger says."""

from __future__ import annotations

import click

from orchestrator.cli.command import Group
from orchestrator.cli.graph.explaining import explain
from orchestrator.cli.graph.live import findings
from orchestrator.cli.graph.matrix import import_matrix
from orchestrator.cli.graph.simulation import simulate
from orchestrator.cli.graph.standing import restore, review

HELP = ("-h", "--help")


class GraphGroup(Group):
    """A group whose usual command needs no name: what is no subcommand names runs or options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the name of the usual command where none is given."""
        named = bool(args) and (args[0] in self.commands or args[0] in HELP)
        return super().parse_args(ctx, args if named else ["findings", *args])


@click.group(
    cls=GraphGroup,
    examples=[
        "crossaudit graph",
        "crossaudit graph 2026 --json       # runs whose ids begin so",
        "crossaudit graph --html graph.html",
        "crossaudit graph explain P1:scripted-west",
        "crossaudit graph import verdicts.csv",
        "crossaudit graph simulate --plant pair --size .6",
    ],
)
def graph() -> None:
    """Test who agrees with whom: recorded runs, verdicts of others, or a simulated population.

    `crossaudit graph [RUNS]` is short for `crossaudit graph findings [RUNS]`.
    """


for command in (findings, explain, review, restore, import_matrix, simulate):
    graph.add_command(command)
