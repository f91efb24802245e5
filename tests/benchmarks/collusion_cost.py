"""What the collusion engine costs an observation, a rebuild and a checkpoint."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator
from time import perf_counter

import numpy as np

from orchestrator.collusion.engine import Engine
from orchestrator.collusion.observations import Closed, Node, Observation, Vote

AUDITORS, AGENTS, PANEL = 20, 50, 3


def stream(votes: int, seed: int = 0) -> Iterator[Observation]:
    """Yield so many votes of 20 auditors on 50 agents, three an item, each item closed."""
    rng = np.random.default_rng(seed)
    for at in range(AUDITORS):
        yield Node(f"j{at}", True, f"v{at % 5}")
    for event in range(votes // PANEL):
        panel = rng.choice(AUDITORS, PANEL, replace=False).tolist()
        canary = bool(rng.random() < 0.06)
        bad = canary or bool(rng.random() < 0.2)
        agent = f"a{int(rng.integers(AGENTS))}"
        for order, judge in enumerate(panel):
            rejects = bool(rng.random() < (0.8 if bad else 0.08))
            yield Vote(event * PANEL + order, str(event), f"j{judge}", agent, rejects, order,
                       canary=canary, truth=True if canary else None)  # fmt: skip
        yield Closed(str(event))


def times(engine: Engine, observations: Iterator[Observation]) -> list[float]:
    """Return the seconds each observation took."""
    found = []
    for observation in observations:
        start = perf_counter()
        engine.take(observation)
        found.append(perf_counter() - start)
    return found


def print_cost() -> None:
    """Print update times as the history grows, rebuild, checkpoint, restore and memory."""
    for count in (1_000, 10_000, 100_000, 1_000_000):
        engine = Engine()
        gc.collect()
        start = perf_counter()
        found = times(engine, stream(count))
        whole = perf_counter() - start
        p50, p99 = np.quantile(found[-1000:], [0.5, 0.99]) * 1e6
        top = np.quantile(found, 0.99) * 1e6
        print(f"cost   {count:>9,} votes: last 1,000 observations p50 {p50:.0f} us p99 "
              f"{p99:.0f} us, "
              f"all p99 {top:.0f} us, whole {whole:.1f} s with the stream", flush=True)  # fmt: skip
    start = perf_counter()
    data = engine.checkpoint()
    made = perf_counter() - start
    start = perf_counter()
    Engine.restore(data)
    back = perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = perf_counter()
    answers = len(engine.findings())
    asked = perf_counter() - start
    print(f"cost   checkpoint of 1,000,000 votes {len(data) / 1e6:.1f} MB in {made:.1f} s, "
          f"restored in {back:.1f} s; {answers} findings in {asked:.2f} s; at most "
          f"{memory:.0f} MB")  # fmt: skip
