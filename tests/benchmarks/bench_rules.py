"""How long all shipped rules take for a call, by the length of the run's history.

Beside it, for scale: the texts of the same calls through one RE2 set of the same patterns.

python -m tests.benchmarks.bench_rules [--calls 3000]
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator
from statistics import median, quantiles
from typing import Any

from orchestrator.clock import SystemClock
from orchestrator.config import Rules
from orchestrator.domain.action import Action, Turn
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.ruleset import RuleSet, load_rules
from orchestrator.rules.secrets import SecretScanner

CLOCK = SystemClock()
HISTORY = (10, 100, 1_000, 10_000)
ROOT = "/srv/work"

# A number is put into each, so that no two calls are equal and nothing is remembered of them.
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bash", {"command": "git status && git diff --stat HEAD~{n}"}),
    ("bash", {"command": "python -m pytest tests/test_{n}.py -x -q 2>&1 | tail -20"}),
    ("bash", {"command": "cd src && grep -rn 'def part_{n}' . | head -5"}),
    ("bash", {"command": "rm -rf build/{n} && mkdir -p build/{n}"}),
    ("bash", {"command": "curl -s https://api.example.com/v1/items/{n} | jq .name"}),
    ("bash", {"command": "npm run build -- --part={n} && ls -la dist"}),
    ("read_file", {"path": "src/app/models_{n}.py"}),
    ("read_file", {"path": "docs/part-{n}.md", "offset": 100}),
    (
        "write_file",
        {"path": "src/part_{n}.py", "content": "def part_{n}():\n    return {n}\n" * 20},
    ),
    ("http_request", {"url": "https://api.example.com/v1/items?page={n}", "method": "GET"}),
    ("send_email", {"to": "ann@example.com", "subject": "Minutes {n}", "body": "As agreed. " * 30}),
    ("query_sql", {"query": "SELECT id, name FROM items WHERE price > {n} ORDER BY name"}),
    ("send_money", {"recipient": "Acme Ltd", "amount": 12.5, "memo": "invoice {n}"}),
    ("get_order_details", {"order_id": "W{n}"}),
    ("search_flights", {"origin": "HEL", "destination": "ARN", "date": "2026-05-{n}"}),
    ("delegate", {"prompt": "Sum up chapter {n} in five lines."}),
)


def main() -> None:
    """Print the time a call at each length of history, and its ratio to the bare pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=3000)
    calls = parser.parse_args().calls
    rules = load_rules(Rules())
    print(f"a check of one call, {len(rules.rules)} rules, {calls} calls each:")
    bare = measure_bare(rules, calls)
    for length in HISTORY:
        times = measure_checks(rules, length, calls)
        ratio = median(times) / median(bare)
        print(f"  after {length:>6,} calls: {show(times)}; {ratio:.1f}x the bare pass")
    print(f"  bare pass of one RE2 set: {show(bare)}")


def measure_checks(rules: RuleSet, history: int, calls: int) -> list[float]:
    """Return seconds a check in a run that has `history` calls behind it."""
    state = rules.start(root=ROOT)
    for turn in make_turns(history, start=1_000_000):
        rules.check(turn, state)
        rules.record(turn, frozenset(action.id for action in turn.actions), state)
    turns = list(make_turns(calls, start=history * 10_000))
    return _time(lambda turn: rules.check(turn, state), turns)


def measure_bare(rules: RuleSet, calls: int) -> list[float]:
    """Return seconds that one set of all text patterns takes for the texts of a call."""
    bank = rules.banks.texts

    def scan(turn: Turn) -> None:
        for value in turn.actions[0].arguments.values():
            bank.scan(str(value))

    return _time(scan, list(make_turns(calls, start=50_000_000)))


def make_turns(count: int, start: int) -> Iterator[Turn]:
    """Yield turns of one call, no two of them equal."""
    redactor = Redactor(SecretScanner(), b"bench")
    for index in range(count):
        tool, arguments = CALLS[index % len(CALLS)]
        filled = {
            name: value.replace("{n}", str(start + index)) if isinstance(value, str) else value
            for name, value in arguments.items()
        }
        action = Action(id=f"{index}.0", tool=tool, arguments=filled)
        yield redactor.turn(Turn(index=index, actions=(action,)))[0]


def show(times: list[float]) -> str:
    """Return median and 99th percentile in microseconds."""
    return f"p50 {median(times) * 1e6:.1f} us, p99 {quantiles(times, n=100)[98] * 1e6:.1f} us"


def _time(work: Callable[[Turn], object], turns: list[Turn]) -> list[float]:
    for turn in turns[:200]:
        work(turn)
    gc.collect()
    times = []
    for turn in turns[200:]:
        started = CLOCK.monotonic()
        work(turn)
        times.append(CLOCK.monotonic() - started)
    return times


if __name__ == "__main__":
    main()
