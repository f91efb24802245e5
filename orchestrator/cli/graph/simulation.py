"""`crossaudit graph simulate`: a population in which it is known who colludes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import json_option

if TYPE_CHECKING:
    from orchestrator.collusion.simulation.course import Course

PLANTS = ("stamper", "pair", "vendor", "clique", "copier", "signal", "captured", "sleeper")
NULLS = ("same-model", "weak", "drifting", "hard-agent")


@click.command(
    cls=Command,
    examples=[
        "crossaudit graph simulate",
        "crossaudit graph simulate --plant pair --size .6 --channel label",
        "crossaudit graph simulate --null weak --events 3000 --seed 7 --json",
    ],
)
@click.option("--plant", type=click.Choice(PLANTS), help="Who colludes; else nobody.")
@click.option("--null", type=click.Choice(NULLS), help="What is odd without collusion.")
@click.option("--size", type=click.FloatRange(0, 1), default=0.6, show_default=True,
              help="How often a colluder acts on it.")  # fmt: skip
@click.option("--channel", type=click.Choice(["label", "style"]), default="style",
              show_default=True, help="What a lenient auditor knows its agent by.")  # fmt: skip
@click.option("--open", "shows_names", is_flag=True, help="Votes are not blind: they show names.")
@click.option("--behaves", type=click.FloatRange(0, 1), default=0.0, show_default=True,
              help="Share of swap tests that a colluder sees through.")  # fmt: skip
@click.option("--events", type=click.IntRange(1, 100_000), default=4000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@json_option
def simulate(
    plant: str | None, null: str | None, size: float, channel: str, shows_names: bool,
    behaves: float, events: int, seed: int, as_json: bool,
) -> int:  # fmt: skip
    """Let a made-up population be judged, and see which alarms it raises, and when."""
    from orchestrator.collusion.simulation.course import simulate as run
    from orchestrator.collusion.simulation.population import Scenario

    facts: dict[str, Any] = {"plant": plant or "", "null": null or "", "channel": channel}
    scenario = Scenario(size=size, blind=not shows_names, behaves=behaves, **facts)
    course = run(scenario, seed, events)
    click.echo(json.dumps(_facts(course)) if as_json else "\n".join(_lines(course, events)))
    return Exit.OK


def _facts(course: Course) -> dict[str, object]:
    return {
        "version": 1,
        "alarms": [
            {"pattern": pattern, "members": list(members), "event": event,
             "right": _is(course, (pattern, members)) == "planted",
             "innocent": _is(course, (pattern, members)) == "false"}
            for (pattern, members), event in course.first.items()
        ],
        "found_at": course.found_at,
        "swap_tests": course.tests,
    }  # fmt: skip


def _lines(course: Course, events: int) -> list[str]:
    lines = [f"{events:,} events, {course.tests:,} swap tests"]
    for (pattern, members), event in course.first.items():
        right = _is(course, (pattern, members))
        lines.append(f"event {event:>6,}  {pattern:<4} {' and '.join(members)}  ({right})")
    return lines if course.first else [*lines, "no alarm"]


def _is(course: Course, alarm: tuple[str, tuple[str, ...]]) -> str:
    if alarm in course.other:
        return "about the guilty, by another pattern"
    if alarm in course.poor:
        return "not planted, yet true"
    return "false" if alarm in course.false else "planted"
