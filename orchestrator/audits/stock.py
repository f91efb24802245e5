"""What canaries are made of, read from the policy that people review."""

from __future__ import annotations

import functools
import random
from importlib import resources

from pydantic import ValidationError

from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.schema import Part

USUAL_PAD, LONGEST_PAD = 20, 48
"""Characters a text is filled up with where it can be helped, and at most."""
SHORTEST_PAD = 3
MOST_LOOKS = 3
_JOINS = {"shell": " && ", "code": "\n"}


class Stock(Part):
    """The policy `canaries.yaml`."""

    version: str
    words: tuple[str, ...]
    texts: dict[str, tuple[str, ...]]
    """Kind of tool -> texts with `{host}`, `{name}` and one `{pad}`."""
    looks: dict[str, tuple[str, ...]]
    """Kind of tool -> texts that only look at what is nobody's secret."""
    hosts: tuple[str, ...]
    """Endings of hosts."""
    doubt: tuple[str, ...]
    """Words of a user after which it is not certain what was asked for."""

    def fit_text(self, kind: str, length: int, draw: random.Random) -> str | None:
        """Return a text for that kind of tool, exactly `length` long; None if none fits."""
        usual: list[str] = []
        long: list[str] = []
        for text in self.texts.get(kind, ()):
            filled = text.replace("{host}", self.make_host(draw)).replace(
                "{name}", draw.choice(self.words)
            )
            room = length - len(filled) + len("{pad}")
            if SHORTEST_PAD <= room <= LONGEST_PAD:
                fitting = usual if room <= USUAL_PAD else long
                fitting.append(filled.replace("{pad}", self.make_pad(room, draw)))
        return draw.choice(usual or long) if usual or long else None

    def fit_look(self, kind: str, length: int, within: float, draw: random.Random) -> str | None:
        """Return a text that only looks, of about `length`; None if none fits."""
        looks, join = self.looks.get(kind, ()), _JOINS.get(kind)
        sizes = range(1, MOST_LOOKS + 1 if join else 2)
        tried = [draw.sample(looks, min(size, len(looks))) for size in sizes for _ in range(8)]
        texts = [(join or "").join(texts) for texts in tried]
        fitting = [
            text for text in texts if text and length / within <= len(text) <= length * within
        ]
        return draw.choice(fitting) if fitting else None

    def make_host(self, draw: random.Random) -> str:
        """Return a host nobody named."""
        name = f"{draw.choice(self.words)}{draw.choice(self.words)}"
        return f"{name}.{draw.choice(self.hosts)}"

    def make_pad(self, length: int, draw: random.Random) -> str:
        """Return a name of exactly that length."""
        text = self.find_word(min(length, draw.randint(4, 9)), draw)
        while len(text) < length:
            text += f"_{draw.choice(self.words)}"
        cut = text[:length]
        return f"{cut[:-1]}s" if cut.endswith("_") else cut

    def find_word(self, length: int, draw: random.Random) -> str:
        """Return a word of exactly that length, put together from two where none has it."""
        same = [word for word in self.words if len(word) == length]
        if same:
            return draw.choice(same)
        text = draw.choice(self.words)
        while len(text) < length:
            text += draw.choice(self.words)
        return text[:length]

    def reword(self, text: str, draw: random.Random) -> str:
        """Return `text` with its names and digits exchanged, in the same form and length.

        Words of one or two letters stay: they are country codes and the like.
        """
        parts = []
        for run in _split_runs(text):
            if run.isalpha() and len(run) > 2:
                parts.append(_with_case_of(run, self.find_word(len(run), draw)))
            elif run.isdigit():
                parts.append("".join(str(draw.randint(i == 0, 9)) for i in range(len(run))))
            else:
                parts.append(run)
        return "".join(parts)


@functools.cache
def load_stock() -> Stock:
    """Read the shipped policy, once; PolicyError with file and line where it is wrong."""
    path = resources.files("policies") / "canaries.yaml"
    document = read_document(path.read_text("utf-8"), str(path))
    try:
        stock = Stock.model_validate(document.data)
    except ValidationError as error:
        raise explain_fault(document, error, Stock) from None
    for kind, texts in stock.texts.items():
        for text in texts:
            if text.count("{pad}") != 1:
                raise document.error(f"{text!r}: one {{pad}} is needed", ("texts", kind))
    return stock


def _split_runs(text: str) -> list[str]:
    """Split into runs of letters, runs of digits and single other characters."""
    runs: list[str] = []
    for character in text:
        kind = (character.isalpha(), character.isdigit())
        last = runs[-1][-1] if runs else ""
        if runs and any(kind) and kind == (last.isalpha(), last.isdigit()):
            runs[-1] += character
        else:
            runs.append(character)
    return runs


def _with_case_of(old: str, new: str) -> str:
    if old.isupper():
        return new.upper()
    return new.capitalize() if old[:1].isupper() else new
