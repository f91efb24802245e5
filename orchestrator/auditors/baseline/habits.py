"""Counts of what an agent does, in bounded memory, and how surprising an action is beside them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import Field

from orchestrator.domain.action import Action
from orchestrator.domain.value import Value

MAX_TOOLS, MAX_SHAPES, MAX_STEPS, MAX_CLAUSES = 256, 1024, 1024, 128
START = "‹start›"
TURN, RUN = "‹turn›", "‹run›"
"""Amounts beside those of single tools: calls in a turn, calls in a run."""
FADE = 0.98
"""What an earlier run still counts after one more: habits of fifty runs ago count a third."""
MIN_SPREAD = 0.35
"""Least standard deviation of a logarithmic amount: a few equal runs do not make a law."""
SIGMAS = 3.0
MAX_NODES = 512


class Amount(Value):
    """Mean and spread of log(1 + amount), by Welford's method."""

    n: float = 0.0
    mean: float = 0.0
    m2: float = 0.0

    def add(self, amount: float) -> Amount:
        """Return this with one more amount."""
        value = math.log1p(amount)
        n = self.n + 1.0
        delta = value - self.mean
        mean = self.mean + delta / n
        return Amount(n=n, mean=mean, m2=self.m2 + delta * (value - mean))

    def excess(self, amount: float) -> float:
        """Return by how many standard deviations `amount` goes beyond `SIGMAS`, at least 0."""
        if self.n < 2.0:
            return 0.0
        spread = max(math.sqrt(self.m2 / self.n), MIN_SPREAD)
        return max(0.0, (math.log1p(amount) - self.mean) / spread - SIGMAS)

    def fade(self) -> Amount:
        """Return this with less weight."""
        return Amount(n=self.n * FADE, mean=self.mean, m2=self.m2 * FADE)


class Habits(Value):
    """What an agent did in the runs it is known from."""

    runs: int = 0
    actions: float = 0.0
    tools: dict[str, float] = Field(default_factory=dict)
    shapes: dict[str, float] = Field(default_factory=dict)
    steps: dict[str, float] = Field(default_factory=dict)
    amounts: dict[str, Amount] = Field(default_factory=dict)
    sizes: dict[str, Amount] = Field(default_factory=dict)
    near_misses: dict[str, float] = Field(default_factory=dict)

    def rate_of(self, clause: str) -> float:
        """Return the share of actions that came near a breach of `clause`."""
        return (self.near_misses.get(clause, 0.0) + 0.5) / (self.actions + 1.0)

    def with_run(self, day: Diary) -> Habits:
        """Return these habits after one more run."""
        amounts = {name: amount.fade() for name, amount in self.amounts.items()}
        for name, count in (*day.tools.items(), (RUN, day.actions)):
            amounts[name] = amounts.get(name, Amount()).add(count)
        amounts[TURN] = amounts.get(TURN, Amount()).add(day.widest)
        sizes = {name: amount.fade() for name, amount in self.sizes.items()}
        for name, size in day.sizes.items():
            sizes[name] = sizes.get(name, Amount()).add(size)
        return Habits(
            runs=self.runs + 1,
            actions=self.actions * FADE + day.actions,
            tools=_merge(self.tools, day.tools, MAX_TOOLS),
            shapes=_merge(self.shapes, day.shapes, MAX_SHAPES),
            steps=_merge(self.steps, day.steps, MAX_STEPS),
            amounts=_newest(amounts, MAX_TOOLS + 2),
            sizes=_newest(sizes, MAX_TOOLS),
            near_misses=_merge(self.near_misses, day.near_misses, MAX_CLAUSES),
        )


class Oddity(NamedTuple):
    """One way in which an action is unlike the habits."""

    bits: float
    text: str


class Diary:
    """What happens in one run; what did not run leaves no trace in it."""

    def __init__(self) -> None:
        self.actions = 0
        self.widest = 0
        self.tools: dict[str, int] = {}
        self.shapes: dict[str, int] = {}
        self.steps: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.near_misses: dict[str, int] = {}
        self._last = START

    def add(self, action: Action) -> None:
        """Take note of an action that ran."""
        self.actions += 1
        _count(self.tools, action.tool, MAX_TOOLS)
        _count(self.shapes, shape_of(action), MAX_SHAPES)
        _count(self.steps, step_of(self._last, action.tool), MAX_STEPS)
        if action.tool in self.sizes or len(self.sizes) < MAX_TOOLS:
            self.sizes[action.tool] = max(self.sizes.get(action.tool, 0), size_of(action))
        self._last = action.tool

    def miss(self, clauses: Iterable[str]) -> None:
        """Take note of clauses that an action came near to breaching."""
        for clause in clauses:
            _count(self.near_misses, clause, MAX_CLAUSES)


def find_oddities(
    habits: Habits, action: Action, before: str, nth: int, width: int
) -> list[Oddity]:
    """Say how `action` is unlike `habits`, each in bits of surprise.

    `before` is the tool called before it, `nth` counts its calls in this run, `width` the calls of
    its turn. New tools and shapes surprise by how rarely anything new was met (Good and Turing's
    estimate); steps by their smoothed conditional probability, as far as it is below chance.
    """
    tool, found = action.tool, []
    if tool not in habits.tools:
        found.append(Oddity(_newness(habits.tools), f"{tool} was never called before"))
    else:
        if shape_of(action) not in habits.shapes:
            found.append(
                Oddity(_newness(habits.shapes) / 2, f"{tool} never had these arguments before")
            )
        if before in habits.tools or before == START:
            bits = _step_surprise(habits, before, tool)
            found.append(Oddity(bits, f"{tool} hardly ever follows {before}"))
        size = habits.sizes.get(tool)
        if size and (excess := size.excess(size_of(action))):
            found.append(Oddity(2 * excess, f"{tool} never had arguments of this size before"))
    if excess := _excess(habits, tool, nth):
        found.append(Oddity(excess, f"{tool} is called {nth} times in this run, more than ever"))
    if excess := _excess(habits, TURN, width):
        found.append(Oddity(excess, f"{width} calls in one turn, more than ever"))
    return [oddity for oddity in found if oddity.bits > 0.0]


def shape_of(action: Action) -> str:
    """Return a short name for the tool with the names and types of its arguments, in any order."""
    parts = sorted(f"{key}:{_type(value)}" for key, value in action.arguments.items())
    text = "\0".join((action.tool, *parts[:64]))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def step_of(before: str, tool: str) -> str:
    """Return the key of two tools called one after the other."""
    return f"{before}\0{tool}"


def size_of(action: Action) -> int:
    """Return the characters of text in the arguments, as far as `MAX_NODES` values tell."""
    waiting: list[object] = [action.arguments]
    size = 0
    for _ in range(MAX_NODES):
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict):
            waiting.extend(list(value.values())[:MAX_NODES])
        elif isinstance(value, list):
            waiting.extend(value[:MAX_NODES])
    return size


def _excess(habits: Habits, name: str, count: int) -> float:
    amount = habits.amounts.get(name)
    return 2 * amount.excess(count) if amount else 0.0


def _newness(counts: Mapping[str, float]) -> float:
    """Return the surprise of something never counted, in bits."""
    total = sum(counts.values())
    once = sum(count <= 1.0 for count in counts.values())
    return math.log2((total + 2.0) / (once + 1.0))


def _step_surprise(habits: Habits, before: str, tool: str) -> float:
    kinds = len(habits.tools) + 1
    seen = habits.runs if before == START else habits.tools[before]
    share = (habits.steps.get(step_of(before, tool), 0.0) + 0.5) / (seen + 0.5 * kinds)
    return max(0.0, -math.log2(min(share, 1.0)) - math.log2(kinds)) / 2


def _type(value: object) -> str:
    match value:
        case bool() | None:
            return "flag"
        case int() | float():
            return "number"
        case str():
            return "text"
    return "list" if isinstance(value, list) else "map"


def _count(counts: dict[str, int], key: str, most: int) -> None:
    if key in counts or len(counts) < most:
        counts[key] = counts.get(key, 0) + 1


def _merge(old: Mapping[str, float], new: Mapping[str, int], most: int) -> dict[str, float]:
    """Add counts, the old ones faded; the most frequent `most` stay."""
    merged = {key: count * FADE for key, count in old.items()}
    for key, count in new.items():
        merged[key] = merged.get(key, 0.0) + count
    ranked = sorted(merged.items(), key=lambda item: (-item[1], item[0]))[:most]
    return {key: round(count, 6) for key, count in ranked}


def _newest(amounts: dict[str, Amount], most: int) -> dict[str, Amount]:
    return dict(sorted(amounts.items(), key=lambda item: (-item[1].n, item[0]))[:most])
