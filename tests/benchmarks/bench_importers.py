"""How fast recordings are read, beside a loop that only parses the same JSON; and in what memory.

`python -m tests.benchmarks.bench_importers [--mib 64]`; `--mib 1024` is the case with a bound.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from orchestrator.replay.importers import find_runs

ROUNDS = 5
WEIGH = """
import psutil, sys
from pathlib import Path
from orchestrator.replay.importers import find_runs
count = sum(1 for _ in find_runs([Path(sys.argv[1])]))
print(count, psutil.Process().memory_info().rss / 2**20)
"""


def main() -> None:
    """Print milliseconds, the ratio to bare parsing, and megabytes held at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mib", type=int, default=64)
    size = parser.parse_args().mib
    with tempfile.TemporaryDirectory() as name:
        small, big = Path(name) / "small.jsonl", Path(name) / "big.jsonl"
        write(small, 8)
        write(big, size)
        bare, ours = measure(lambda: parse(small)), measure(lambda: read(small))
        actions = small.read_bytes().count(b'"arguments"')
        print(f"8 MiB, {actions} actions: {ours:.0f} ms, {ours / bare:.1f} x json.loads alone; "
              f"{actions / ours * 1000:,.0f} actions/s")  # fmt: skip
        print(f"{size} MiB: {weigh(big)}")


def write(path: Path, mib: int) -> None:
    """Write runs of an ordinary size, and one line that is too long."""
    line = json.dumps({"messages": [*_messages()], "tools": []}) + "\n"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(mib * 2**20 // len(line)):
            file.write(line)
        if mib > 32:
            file.write(json.dumps({"messages": [{"role": "user", "content": "x" * 20 * 2**20}]}))


def parse(path: Path) -> None:
    """Parse each line, and do nothing with it."""
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def read(path: Path) -> None:
    """Read each run."""
    for _ in find_runs([path]):
        pass


def measure(work: Callable[[], None]) -> float:
    """Return the median time in ms."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times) * 1000


def weigh(path: Path) -> str:
    """Read a file in an interpreter of its own and tell what that one holds."""
    run = subprocess.run(
        [sys.executable, "-c", WEIGH, str(path)], check=True, capture_output=True, text=True
    )
    count, mib = run.stdout.split()
    return f"{count} runs and reports, {float(mib):.0f} MiB held"


def _messages() -> list[dict[str, object]]:
    calls = [
        {"id": f"call_{n}", "function": {"name": "send", "arguments": '{"to": "ann", "n": 3}'}}
        for n in range(3)
    ]
    messages: list[dict[str, object]] = [
        {"role": "system", "content": "You help. " * 80},
        {"role": "user", "content": "Send what is due, please."},
    ]
    for call in calls:
        result = "a line of text\n" * 50
        messages.append({"role": "assistant", "content": "One moment.", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    return messages


if __name__ == "__main__":
    main()
