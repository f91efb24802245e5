"""Time of the auditors that need no model: an action, early and late in a long run.

`python -m tests.benchmarks.bench_auditors [--events 10000]`
"""

from __future__ import annotations

import argparse
import random
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from orchestrator.auditors.auditor import Auditor, Learner, LearningSeat, Seat
from orchestrator.auditors.combination import load_combination
from orchestrator.auditors.registry import build_auditors
from orchestrator.config import Config
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Verdict
from tests.benchmarks.estimates import quantile

WORDS = (
    "invoice", "order", "meeting", "report", "branch", "table", "city", "ticket", "draft", "total",
    "please", "send", "check", "update", "after", "before", "the", "of", "to", "with", "and", "for",
)  # fmt: skip
EARLY = 500
"""Events of the first window, and of the last."""


def main() -> None:
    """Print microseconds an action, the ratio of late to early, and the memory of one run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    events = parser.parse_args().events
    with TemporaryDirectory() as folder:
        auditors = settle(Path(folder))
        for auditor in auditors:
            times = run([auditor], events)
            print(f"  {auditor.name:<14} {tell(times)}")
        times = run(auditors, events)
        print(f"all, combined    {tell(times)}  (p50 <= 300, p99 <= 5000, ratio <= 1.3)")
        print(f"memory of a run  {weigh(auditors, 1000):.1f} MiB after 1000 events, "
              f"{weigh(auditors, events):.1f} MiB after {events}")  # fmt: skip


def settle(folder: Path) -> tuple[Auditor, ...]:
    """Return the auditors, with a baseline of this agent."""
    auditors = build_auditors(Config(), str(folder / "ledger.db"))
    for auditor in auditors:
        if isinstance(auditor, Learner):
            for _ in range(6):
                learn(auditor)
    return auditors


def learn(auditor: Auditor) -> None:
    """Let a learning auditor see one ordinary run."""
    assert isinstance(auditor, Learner)
    facts = _facts([auditor])
    seat = auditor.open(facts)
    for turn, seen in play(30, 1):
        seat.judge(turn, ())
        seat.observe(seen, turn.actions[0])
    if isinstance(seat, LearningSeat) and (learned := seat.learn()):
        auditor.keep(facts, learned)


def run(auditors: Sequence[Auditor], events: int) -> list[float]:
    """Return the microseconds (of CPU) of each action: verdicts, combination, and its result."""
    facts = _facts(auditors)
    seats: list[Seat] = [auditor.open(facts) for auditor in auditors]
    combination = load_combination()
    times: list[float] = []
    for turn, seen in play(events, 2):
        started = time.thread_time()
        verdicts: list[Verdict] = []
        for seat in seats:
            verdicts.extend(seat.judge(turn, ()))
        combination.combine((), verdicts, turn.actions[0].id)
        for seat in seats:
            seat.observe(seen, turn.actions[0])
        times.append((time.thread_time() - started) * 1e6)
    return times


def weigh(auditors: Sequence[Auditor], events: int) -> float:
    """Return the mebibytes that one run of so many events holds."""
    facts = _facts(auditors)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    seats = [auditor.open(facts) for auditor in auditors]
    for turn, seen in play(events, 3):
        for seat in seats:
            seat.judge(turn, ())
            seat.observe(seen, turn.actions[0])
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return held / 2**20


def slope(times: Sequence[float]) -> float:
    """Return how much longer a late action takes than an early one, both in the median."""
    window = min(EARLY, len(times) // 3)
    return median(times[-window:]) / median(times[10 : 10 + window])


def tell(times: Sequence[float]) -> str:
    """Return what a person wants to know of many times."""
    p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
    return f"p50 {p50:6.0f} us  p99 {p99:6.0f} us  late / early {slope(times):.2f}"


def play(events: int, seed: int) -> Iterator[tuple[Turn, Observation]]:
    """Yield turns of one action, in the manner of an office and of a shell, and their results."""
    rng = random.Random(seed)
    for index in range(events):
        action = Action(id=f"a{index}", **_call(rng))
        turn = Turn(
            index=index,
            message=f"Next I {_text(rng, 12)}.",
            reasoning=_text(rng, 40) if index % 3 == 0 else None,
            actions=(action,),
        )
        content = "\n".join(_text(rng, 12) for _ in range(rng.choice((1, 3, 10))))
        yield turn, Observation(action=action.id, tool=action.tool, content=content)


def _call(rng: random.Random) -> dict[str, Any]:
    name = f"{rng.choice(WORDS)}{rng.randrange(1000)}"
    calls: list[tuple[str, dict[str, object]]] = [
        ("bash", {"command": f"grep -n {name} src/{name}.py"}),
        ("read_file", {"path": f"notes/{name}.md"}),
        ("send_email", {"to": f"{name}@mail.example", "body": _text(rng, 30)}),
        ("http_get", {"url": f"https://{name}.example/page"}),
        ("pay", {"recipient": name, "amount": rng.randrange(900)}),
    ]
    tool, arguments = rng.choice(calls)
    return {"tool": tool, "arguments": arguments}


def _text(rng: random.Random, words: int) -> str:
    return " ".join(
        f"{word}{rng.randrange(100)}" if rng.random() < 0.2 else word
        for word in rng.choices(WORDS, k=words)
    )


def _facts(auditors: Sequence[Auditor]) -> RunFacts:
    facts = RunFacts(agent="clerk", seed="", profile="default", task="Check the orders of today.")
    found = [one.find_snapshot(facts) for one in auditors if isinstance(one, Learner)]
    return facts.model_copy(update={"snapshot": next(iter(found), None)})


if __name__ == "__main__":
    main()
