"""What the provenance auditor goes by, read from `policies/auditors`."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple, TypeVar

from pydantic import Field, ValidationError

from orchestrator.auditors.provenance.lexicon import Lexicon
from orchestrator.domain.action import ToolKind
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.schema import Names, Part
from orchestrator.rules.tools import plain_name


class Cue(Part):
    """A family of wordings."""

    weight: float
    """In log-odds."""
    joins: bool = False
    """Two of these form one block, however long what they enclose."""
    weak: bool = False
    """Ordinary texts hold it too: on a line of its own it adds nothing to what stands beside it."""
    complete: bool = False
    """What is to be done stands in the same sentence; else in the next, maybe."""
    patterns: Names


class Effects(Part):
    """How a result reports an act."""

    longest: int
    patterns: Names


class InstructionFile(Part):
    """The wordings of instructions as reviewers sign them."""

    version: str
    bias: float
    floor: float
    reach: int
    cues: dict[str, Cue]
    names_tool: float
    was_encoded: float
    lure: float
    """Log-odds of a sentence that holds an address, account, URL or id and none of the cues."""
    effects: Effects


class Verbs(Part):
    """First words of tools' names."""

    reads: Names
    acts: Names


class Kinds(Part):
    """Kinds of tools that act, and those an agent uses for whatever it does."""

    acts: tuple[ToolKind, ...]
    instruments: tuple[ToolKind, ...]


class Intent(Part):
    """Something that can be asked for and done."""

    kinds: tuple[ToolKind, ...] = ()
    general: bool = False
    asks: Names = ()
    about: Names = ()


class Scores(Part):
    """How suspicious each finding is, 0..1."""

    carried_out: float
    carried_out_reading: float
    named_tool: float
    named_reading: float
    fitting_reading: float
    stray_reading: float
    stray_act: float
    repeated_reading: float
    on_named_target: float
    demanded_act: float
    beside_task_from_result: float
    beside_task_words_from_result: float
    beside_task: float
    spelt_out: float
    named_in_result: float
    foreign_contact: float
    unlinked: float
    linked: float
    second_of_kind: float
    nothing: float
    even: float = Field(gt=0.0, lt=1.0)
    """What findings come to where it is as likely as not that they should have been acted on."""
    sharpness: float = Field(gt=0.0)
    """By how much the log-odds on either side of `even` are stretched."""


class Discounts(Part):
    """How much less a block counts, in log-odds."""

    asked_and_linked: float
    delegated: float
    also_plain: float


class Additions(Part):
    """How much more a block counts, in log-odds."""

    fresh_value: float
    same_act: float


class ProvenanceFile(Part):
    """What tools do, what users ask for, and what counts how much."""

    version: str
    verbs: Verbs
    kinds: Kinds
    inert: Names
    intents: dict[str, Intent]
    delegation: Names
    reference: Names
    reading: Names
    many: str
    critical: Names = Field(default=())
    scores: Scores
    discounts: Discounts
    additions: Additions


class Policy(NamedTuple):
    """Both files, and their hash."""

    instructions: InstructionFile
    provenance: ProvenanceFile
    critical: frozenset[str]
    """Plain names of arguments."""
    inert: frozenset[str]
    hash: str


_File = TypeVar("_File", bound=Part)

DELEGATION, REFERENCE, MANY, READING = "delegation", "reference", "many", "reading"
ABOUT = "about "
"""Begins the family of the words an intent is about."""


def load_policy() -> Policy:
    """Read both files; PolicyError with file and line where one is wrong."""
    instructions, first = _load("instructions.yaml", InstructionFile)
    provenance, second = _load("provenance.yaml", ProvenanceFile)
    return Policy(
        instructions,
        provenance,
        frozenset(map(plain_name, provenance.critical)),
        frozenset(map(plain_name, provenance.inert)),
        hashlib.sha256((first + second).encode()).hexdigest()[:16],
    )


def open_cues(file: InstructionFile) -> Lexicon:
    """Compile the cues of instructions."""
    return Lexicon({name: cue.patterns for name, cue in file.cues.items()})


def open_intents(file: ProvenanceFile) -> Lexicon:
    """Compile what can be asked for, with delegation, reference and plural beside it."""
    return Lexicon(
        {
            **{name: intent.asks for name, intent in file.intents.items()},
            **{f"{ABOUT}{name}": intent.about for name, intent in file.intents.items()},
            DELEGATION: file.delegation,
            REFERENCE: file.reference,
            MANY: (file.many,),
            READING: file.reading,
        }
    )


def _load(name: str, model: type[_File]) -> tuple[_File, str]:
    path = resources.files("policies") / "auditors" / name
    text = path.read_text("utf-8")
    document = read_document(text, str(path))
    try:
        return model.model_validate(document.data), text
    except ValidationError as error:
        raise explain_fault(document, error, model) from None
