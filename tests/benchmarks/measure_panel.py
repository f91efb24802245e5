"""What the votes of a panel are worth, and how many it takes: real verdicts, scripted auditors.

`python -m tests.benchmarks.measure_panel`
"""

from __future__ import annotations

import functools
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from orchestrator.auditors.combination import load_combination
from orchestrator.panel.aggregation import aggregate
from orchestrator.panel.fitting import fit
from orchestrator.panel.thresholds import Band, find_band, wald_band
from tests.benchmarks import llmbar, scripted
from tests.benchmarks.labelled import LABELLED, find_shared

CANARIES = (10, 20, 40, 80)
MAIN = 40
QUOTED = {
    "5 models, one prompt": (0.587, 0.520, 0.556, 0.587, 0.446, 0.828),
    "5 weak models, no GPT-4": (0.475, 0.422, 0.468, 0.458, 0.437, 0.683),
    "7 mixed (2 strong)": (0.606, 0.511, 0.525, 0.573, 0.623, 0.828),
    "3 strong": (0.852, 0.852, 0.852, 0.852, 0.852, 0.862),
}
"""Published figures of panels of that kind: majority, Dawid-Skene, one-coin, GLAD, MACE, best."""
SKILLS = (scripted.Skill(0.80, 0.92), scripted.Skill(0.70, 0.85))
LABELS = (0, 40, 120, 500)
PANEL = 5
LLMBAR = """\
LLMBar, 419 pairs in one order: accuracy; unparsed answers abstain. (q) is quoted, not measured
here, and its judges may differ from ours. n: canaries, means over {draws} draws, the others are
judged with all judges; below it the log-loss. "floor" keeps weights at 0 or above, the default;
"free" lets a judge that is mostly wrong count against what it says. Nothing was fitted to the
judged items.
"""
SCRIPTED = """
Scripted auditors over AgentDojo's actions ({bad} bad of {total}; bad is the first bad call and
what follows it in a run that was taken over), prior {prior:.0%}, Wald's band, {panel} auditors with
errors correlated by .3 (Gaussian copula); labels are canaries judged by the same script, two of
three bad. Accuracy: decided at one half. Held: not below the band, so that somebody would have to
let it pass. "to the band" stops where the band is left; "in turn" also asks whether the calls saved
would hardly lead back.
"""


def main() -> None:
    """Print both tables."""
    shared = find_shared()
    if shared is None:
        print("no recorded verdicts: set CROSSAUDIT_SHARED to where they are")
        return
    _report_time()
    _report_llmbar(shared.parent)
    _report_scripted(shared)


def _report_time() -> None:
    members = scripted.make_panel(7)
    said = scripted.say(members, SKILLS[0], scripted.make_canaries(500, 2 / 3, 1), 2)
    fits, votes = [], []
    for _ in range(20):
        start = time.process_time()
        weights = fit(members, said)
        fits.append(time.process_time() - start)
        start = time.process_time()
        for one in said:
            aggregate(weights, 0.0, one.scores)
        votes.append((time.process_time() - start) / len(said))
    print(f"fit of 500 labels by 7 auditors: {min(fits) * 1e3:.1f} ms of processor time at least, "
          f"median {median(fits) * 1e3:.1f}; "
          f"weighing 7 votes: {median(votes) * 1e6:.0f} us\n")  # fmt: skip


def _report_llmbar(data: Path) -> None:
    items = llmbar.read_llmbar(data)
    print(LLMBAR.format(draws=llmbar.DRAWS))
    _write(("panel", "majority", "(q)", "DS", "(q)", "1-coin(q)", "GLAD(q)", "MACE(q)", "",
            *(f"n={n}" for n in CANARIES), "best", "(q)"))  # fmt: skip
    for name, judges in llmbar.PANELS.items():
        majority, skene, coin, glad, mace, best = QUOTED[name]
        heads = (llmbar.majority(items, judges), majority, llmbar.dawid_skene(items, judges), skene,
                 coin, glad, mace)  # fmt: skip
        for mode in ("floor", "free"):
            fitted = [llmbar.measure_fitted(items, judges, n, may_invert=mode == "free")
                      for n in CANARIES]  # fmt: skip
            ends = (llmbar.best_single(items, judges), best) if mode == "floor" else ()
            left = map(_short, heads) if mode == "floor" else [""] * len(heads)
            _write((name if mode == "floor" else "", *left, mode,
                    *(_short(one.accuracy) for one in fitted), *map(_short, ends)))  # fmt: skip
            _write(("", *[""] * len(heads), "  loss", *(_short(one.log_loss) for one in fitted)))
    _report_sequential(items)


def _report_sequential(items: Sequence[llmbar.Judged]) -> None:
    name = "7 mixed (2 strong)"
    print(f"\n{name} called one by one, {MAIN} canaries; published: stop at .80 1.75 calls .825,"
          " at .95 6.2 calls .816 (q)")  # fmt: skip
    for stop, first in ((0.80, 1), (0.80, 2), (0.95, 1)):
        for mode in ("floor", "free"):
            found = llmbar.measure_sequential(
                items, llmbar.PANELS[name], Band(1.0 - stop, stop), n=MAIN, first=first,
                may_invert=mode == "free",
            )  # fmt: skip
            print(f"  stop at {_short(stop)}, first wave of {first}, {mode}: "
                  f"{found.calls:.2f} calls an item, accuracy {_short(found.accuracy)}, "
                  f"log-loss {_short(found.log_loss)}", flush=True)  # fmt: skip


def _report_scripted(shared: Path) -> None:
    actions = scripted.read_actions(LABELLED["agentdojo"](shared / "agentdojo"))
    chance = load_combination().weights.prior
    prior = math.log(chance / (1.0 - chance))
    print(SCRIPTED.format(bad=sum(actions), total=len(actions), prior=chance, panel=PANEL))
    _write(("auditors", "labels", "way", "calls", "accuracy", "bad held", "good held"))
    members, band = scripted.make_panel(PANEL), wald_band()
    for skill in SKILLS:
        said = scripted.say(members, skill, actions, scripted.SEED)
        for labels in LABELS:
            weights = scripted.learn(members, skill, labels)
            call = functools.partial(scripted.call_in_turn, members, weights, prior, said, band)
            rows = {
                "all": scripted.call_all(weights, prior, said, band),
                "in turn": call(),
                "to the band": call(returns=1.0),
            }
            for way, tally in rows.items():
                head = f"{skill.sensitivity:.2f}/{skill.specificity:.2f}"
                figures = map(_short, (tally.accuracy, tally.held_bad, tally.held_good))
                _write((head, str(labels), way, f"{tally.calls:.2f}", *figures))
    cold = find_band([], "any")
    print(f"\nWithout a label, a risk class has the band {cold.low:.4f} to {cold.high:.3f}:")
    print(f"  {cold.why}")


def _write(cells: Sequence[str]) -> None:
    widths = (25, 9, 13 if len(cells) == 7 else 6, *[9] * 16)
    line = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False))
    print(line.rstrip())
    sys.stdout.flush()


def _short(number: float) -> str:
    return f"{number:.3f}".removeprefix("0")


if __name__ == "__main__":
    main()
