"""`crossaudit policy`: the group."""

from __future__ import annotations

import click

from orchestrator.cli.command import Group
from orchestrator.cli.policy.difference import diff
from orchestrator.cli.policy.examination import check, test
from orchestrator.cli.policy.starter import new
from orchestrator.cli.policy.usage import hits, list_rules


@click.group(
    cls=Group,
    examples=[
        "crossaudit policy check",
        "crossaudit policy list --on recorded/benign",
        "crossaudit policy diff shell mine/shell.yaml --on recorded/",
    ],
)
def policy() -> None:
    """Check, count, try and compare rules."""


for command in (check, test, list_rules, hits, diff, new):
    policy.add_command(command)
