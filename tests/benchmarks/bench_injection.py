"""Say how many texts aimed at auditors never reach one that would obey: `python -m ...`.

An auditor here obeys whatever it can read any of, in any language or encoding, which no real one
does: what is counted is what the defences around a model achieve by themselves. `aimed` is what
the patterns were written against; `held out` was written when they were finished, to get around
them; `persuasion` speaks to nobody and only says what is not so.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable

import anyio

from orchestrator.auditors.model.prompt import write_views
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.auditors.model.sieve import CERTAIN, POSSIBLE, find_ranges
from orchestrator.clock import SystemClock
from tests.auditors.model.cases import NONCE, make_case
from tests.panel.injections import AIMED, HELD_OUT, PERSUASION, Injection
from tests.panel.obedience import PLACES, play

ROW = "{:<34} {:>5} {:>9} {:>12} {:>9} {:>10} {:>8} {:>7}"
LOOKS = 200


async def main() -> None:
    """Print the table by family, and what writing a prompt costs."""
    print(ROW.format("family", "texts", "withheld", "second view", *PLACES, "milder"))
    for name, texts in (("aimed", AIMED), ("held out", HELD_OUT), ("persuasion", PERSUASION)):
        families: defaultdict[str, list[Injection]] = defaultdict(list)
        for text in texts:
            families[text.family].append(text)
        for family, members in sorted(families.items()):
            if len(families) > 1:
                await _print_row(family, members)
        await _print_row(f"all {name}", texts)
    print("\narguments, result, words: texts there that the three auditors obeyed to an `allow`")
    _print_cost()


async def _print_row(name: str, texts: Iterable[Injection]) -> None:
    listed = list(texts)
    caught = Counter(_defence(one.text) for one in listed)
    milder = dict.fromkeys(PLACES, 0)
    for place in PLACES:
        for one in listed:
            milder[place] += (await play(one, place)).decision == "allow"
    total = sum(milder.values()) / (len(listed) * len(PLACES))
    cells = (len(listed), caught[CERTAIN], caught[POSSIBLE], *milder.values(), f"{total:.0%}")
    print(ROW.format(name, *cells))


def _defence(text: str) -> str:
    for group in (CERTAIN, POSSIBLE):
        if find_ranges(text, group):
            return group
    return "none"


def _print_cost() -> None:
    """Print the processor's time for the prompts of looks at cases never seen before."""
    rubric = load_rubric("reasoning-aware")
    clock = SystemClock()
    write_views(rubric, make_case({"to": "Bob"}), nonce=NONCE, auditor="a")
    spent = []
    for number in range(LOOKS):
        words = " ".join(f"word{number * place}" for place in range(150))
        case = make_case(
            {"to": f"Bob {number}", "amount": number, "memo": words[:200]},
            results=tuple(f"{words} {place}" for place in range(12)),
            message=words[:300],
        )
        started = clock.monotonic()
        write_views(rubric, case, nonce=NONCE, auditor="a", look="second")
        spent.append((clock.monotonic() - started) * 1_000)
    ranked = sorted(spent)
    print(
        f"a look at 12 results of 1,500 characters, none read before: p50 "
        f"{statistics.median(ranked):.1f} ms, p99 {ranked[int(0.99 * LOOKS)]:.1f} ms"
    )


if __name__ == "__main__":
    anyio.run(main)
