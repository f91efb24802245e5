"""`crossaudit graph import`: a verdict matrix from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import json_option
from orchestrator.cli.plain import safe

if TYPE_CHECKING:
    from orchestrator.collusion.matrix.report import Report


@click.command(
    "import",
    cls=Command,
    examples=[
        "crossaudit graph import verdicts.csv",
        "crossaudit graph import ratings.jsonl --json",
        "crossaudit graph import losses.csv --higher-is-worse",
    ],
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.option("--higher-is-worse", is_flag=True, help="A higher score means a worse response.")
def import_matrix(file: Path, as_json: bool, higher_is_worse: bool) -> int:
    """Test the verdicts in FILE, by several judges on the same items, for collusion.

    FILE is CSV or JSON Lines with the columns judge, ratee, item, and verdict (1 = rejects) or
    score (higher = better). Used where there: gold, vendor (of the judge), ratee_vendor, order.
    """
    from orchestrator.collusion.matrix.reading import MatrixError, read_matrix
    from orchestrator.collusion.matrix.report import examine

    try:
        report = examine(read_matrix(file, higher_is_worse=higher_is_worse))
    except MatrixError as error:
        click.echo(f"{safe(str(file))}: {safe(str(error), 300)}", err=True)
        return Exit.USAGE
    click.echo(json.dumps(report.as_dict()) if as_json else "\n".join(_lines(report)))
    return Exit.OK


def _lines(report: Report) -> list[str]:
    from orchestrator.collusion.findings import NOT_INTENT

    facts = report.as_dict()
    of = facts["input"]
    lines = [
        f"{of['rows']:,} rows: {of['judges']:,} judges, {of['ratees']:,} ratees, "
        f"{of['items']:,} items, {of['gold']:,} with gold"
    ]
    lines += [f"note: {note}" for note in of["notes"]]
    lines.append("")
    for found in facts["findings"]:
        lines += _finding(found)
    lines += _groups(facts["findings"])
    lines += ["", *(_judge(judge) for judge in facts["judges"]), "", NOT_INTENT]
    return lines


def _finding(found: dict[str, Any]) -> list[str]:
    members = " and ".join(safe(name, 40) for name in found["members"])
    status = "ALARM" if found["status"] == "alarm" else found["status"]
    head = f"{found['pattern']:<4} {status}"
    title = f"{head:<20} {found['name']}{': ' + members if members else ''}"
    if found["effect"] is None:
        return [title, f"     {safe(found['evidence']['says'], 300)}"]
    low, high = found["low"], found["high"]
    interval = f" [{low:+.3f} {high:+.3f}]" if low is not None and high is not None else ""
    lines = [
        f"{title}  {found['effect']:+.3f}{interval}, n {found['n']:,}, "
        f"e-value {found['e_value']:.3g}",
        f"     {safe(found['evidence']['says'], 300)}",
    ]
    if found["status"] == "alarm":
        lines.append(f"     test: {found['evidence']['test']}")
        lines.append(f"     would refute it: {found['would_refute']}")
    return lines


def _groups(findings: list[dict[str, Any]]) -> list[str]:
    """Say which judges' errors go together; a picture, not a finding."""
    evidence = next(found["evidence"] for found in findings if found["pattern"] == "P5")
    groups = evidence.get("groups", [])
    if len(groups) < 2:
        return []
    lines = ["", f"groups of judges whose errors go together (stability "
             f"{evidence['stability']:.2f} of 1 over resampled items):"]  # fmt: skip
    return lines + [f"     {', '.join(safe(name, 40) for name in group)}" for group in groups]


def _judge(judge: dict[str, Any]) -> str:
    slope = "slope not identified" if judge["slope"] is None else f"slope {judge['slope']:.2f}"
    more = "".join(
        f", {name} {judge[name]:.2f}" for name in ("sensitivity", "specificity") if name in judge
    )
    return f"judge {safe(judge['judge'], 40)}: {slope}, n {judge['n']:,}{more}"
