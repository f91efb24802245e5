"""How long until the first answer, and how much memory a guard holds.

`python -m tests.benchmarks.bench_startup`
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

ROUNDS = 9

NOTHING = "pass"
PYDANTIC = "import pydantic"
ENGINE = "import orchestrator"
GUARD = "from orchestrator import Guard; guard = Guard()"
HELP = "from orchestrator.cli import main; main(['--help'])"


def main() -> None:
    """Print milliseconds to start, ratios to importing pydantic, and megabytes held."""
    empty = measure(NOTHING)
    baseline = measure(PYDANTIC) - empty
    print(f"{'an empty interpreter':32} {empty:6.1f} ms")
    print(f"{PYDANTIC:32} {baseline:6.1f} ms more")
    for code in (ENGINE, GUARD):
        took = measure(code) - empty
        print(f"{code.partition(';')[0]:32} {took:6.1f} ms more: {took / baseline:.2f} x pydantic")
    print(f"{'crossaudit --help':32} {measure(HELP):6.1f} ms in all")
    print(f"{'a guard with its rules loaded':32} {weigh(GUARD):6.1f} MB in all")
    print(f"{'import sqlmodel':32} {weigh('import sqlmodel') - weigh(NOTHING):6.1f} MB of that")


def measure(code: str) -> float:
    """Return the median time in ms to run `code` in a new interpreter, files already cached."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return median(times) * 1000


def weigh(code: str) -> float:
    """Return the resident memory in MB of an interpreter that ran `code`."""
    tail = "\nimport psutil; print(psutil.Process().memory_info().rss / 1e6)"
    run = subprocess.run(
        [sys.executable, "-c", code + tail], check=True, capture_output=True, text=True
    )
    return float(run.stdout.split()[-1])


if __name__ == "__main__":
    main()
