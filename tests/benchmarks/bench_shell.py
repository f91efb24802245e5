"""How long it takes to read a shell line: ordinary ones, and the longest that are read at all.

Beside it, for scale: `shlex.split` of the same lines, which only finds words.

python -m tests.benchmarks.bench_shell [--rounds 20]
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import shlex
from collections.abc import Callable
from statistics import median, quantiles

from orchestrator.clock import SystemClock
from orchestrator.rules.shell import MAX_LINE, parse_shell
from orchestrator.rules.shell.reader import read_line

CLOCK = SystemClock()

# A number is put into each, so that no two lines are equal and nothing is remembered of them.
ORDINARY = (
    "ls -la src/part{n}",
    "git status --short && git diff --stat HEAD~{n}",
    "git log --oneline -n {n} | head -5",
    'git commit -m "Fix part {n}: don\'t drop the last row"',
    "cd /srv/work && python -m pytest tests/test_{n}.py -x -q 2>&1 | tail -20",
    "npm ci && npm run build -- --part={n}",
    "grep -rn 'def part_{n}' --include='*.py' . | sort | uniq -c",
    "find . -name '*_{n}.pyc' -exec rm -f {{}} \\;",
    "docker compose exec db psql -U app -c 'select {n}'",
    "kubectl -n prod get pods -l app=part{n} -o json | jq -r '.items[].metadata.name'",
    'for f in a{n} b{n} c{n}; do wc -l "$f"; done',
    "if [ -d build{n} ]; then rm -rf build{n}; fi; mkdir -p build{n}",
    "cat > part{n}.py <<'EOF'\ndef part():\n    return {n}\nEOF\npython part{n}.py",
    "curl -s -X POST -H 'Content-Type: application/json' -d '{{\"n\": {n}}}' localhost:8000/items",
    'X={n}; export PATH=$HOME/bin:$PATH; echo "$X of $PATH" >> log.txt',
    "tar czf part{n}.tgz --exclude=.git . && scp part{n}.tgz host:/srv/",
)
LONGEST = {
    "a script": "git add part.py && git commit -q -m 'Add a part'\nif [ -d x ]; then make; fi\n",
    "a here-document": "cat <<'EOF' > notes\n"
    + "One more row of notes, as long as it takes.\n" * 1500,
    "quoted text": "python -c '" + "print(1)\n" * 7000 + "'",
    "a list without end": "a | b && c; ",
    "brackets that do not close": "$(",
}


def main() -> None:
    """Print the time a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    lines = make_lines(rounds)
    print(f"a line, {len(ORDINARY)} ordinary kinds, {rounds} of each:")
    print(f"  read          {show(measure(read_line, lines))}")
    for line in lines[-400:]:
        parse_shell(line)
    print(f"  read before   {show(measure(parse_shell, lines[-400:]))}")
    print(f"  shlex.split   {show(measure(split, lines))}")
    print(f"a line of {MAX_LINE:,} characters:")
    for name, text in LONGEST.items():
        line = (text * (MAX_LINE // len(text) + 1))[:MAX_LINE]
        print(f"  {name:<27}{median(measure(read_line, [line] * 3)) * 1e3:6.1f} ms")


def make_lines(rounds: int) -> list[str]:
    """Return ordinary lines, no two of them equal."""
    return [text.format(n=n) for n in range(rounds) for text in ORDINARY]


def measure(work: Callable[[str], object], lines: list[str]) -> list[float]:
    """Return the seconds that `work` takes for each line."""
    gc.collect()
    times = []
    for line in lines:
        started = CLOCK.monotonic()
        work(line)
        times.append(CLOCK.monotonic() - started)
    return times


def split(line: str) -> None:
    """Find the words of `line`; lines it cannot take are not its fault here."""
    with contextlib.suppress(ValueError):
        shlex.split(line)


def show(times: list[float]) -> str:
    """Return median and 99th percentile in microseconds."""
    return f"p50 {median(times) * 1e6:6.1f} us, p99 {quantiles(times, n=100)[98] * 1e6:7.1f} us"


if __name__ == "__main__":
    main()
