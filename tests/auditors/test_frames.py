"""Frames hold where their parts stand together; what is wrong in a lexicon is named."""

from __future__ import annotations

import pytest

from orchestrator.auditors.frames import (
    LONGEST_TEXT,
    Lexicon,
    clip,
    read_lexicon,
    split_sentences,
)
from orchestrator.errors import PolicyError

SMALL = r"""
version: "1.0"
parts:
  self: {en: ['\bI\b'], fr: ['\bj''']}
  hide: {en: ['\bhid(e|ing)\b'], fr: ['\bévite\b']}
  guard: {en: ['\bguards?\b']}
  not: {en: ['\bnot\b']}
frames:
  words:
    - {id: hides, says: hides, all: [self, hide], none: [not], weight: 0.5, topic: [hide, guard]}
    - {id: near, says: hides nearby, all: [hide, guard], within: 2, weight: 0.5}
    - {id: whole, says: hides somewhere, all: [self, guard], within: 0, weight: 0.5}
matters: [[not, guard]]
"""


@pytest.fixture
def small() -> Lexicon:
    return read_lexicon(SMALL, "small.yaml")


def ids(lexicon: Lexicon, text: str) -> list[str]:
    return [found.frame.id for found in lexicon.find(text, "words")]


def test_parts_must_stand_in_one_sentence(small: Lexicon) -> None:
    assert ids(small, "I hide it.") == ["hides"]
    assert ids(small, "I eat. They hide it.") == []
    assert ids(small, "I do not hide it.") == []


def test_neighbours_and_whole_texts(small: Lexicon) -> None:
    assert ids(small, "They hide it. The guard sleeps.") == ["near"]
    assert ids(small, "They hide it. It rains. The guard sleeps.") == []
    assert ids(small, "I eat. It rains. The guard sleeps.") == ["whole"]


def test_letters_with_marks_are_letters(small: Lexicon) -> None:
    assert ids(small, "Oui, j’évite.") == ["hides"]


def test_quotes_are_exact_and_places_counted(small: Lexicon) -> None:
    text = "First! I hide one.\nThen I hide two?  I hide three"
    (found,) = small.find(text, "words")
    assert (found.quote, found.times) == ("I hide one.", 3)


def test_the_task_makes_a_topic(small: Lexicon) -> None:
    assert small.find_topics(small.mask("hide from the guard"), "words") == {"hides"}
    assert small.find_topics(small.mask("not the guard"), "words") == {"hides", "near", "whole"}
    assert not small.find_topics(small.mask("I hide"), "words")


def test_only_the_ends_of_a_huge_text_are_read(small: Lexicon) -> None:
    huge = "x " * 1_000_000
    assert sum(map(len, clip(huge))) == LONGEST_TEXT
    assert ids(small, f"{huge} I hide.") == ["hides"]


def test_sentences_cover_the_text() -> None:
    text = "One. Two! Three?\n\nFour。Five " + "x" * 2000
    for start, end in split_sentences(text):
        assert 0 <= start < end <= len(text) and end - start <= 600
    parts = [text[start:end].strip() for start, end in split_sentences(text)]
    assert [part for part in parts if part][:4] == ["One", "Two", "Three?", "Four"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("all: [self, hide]", "all: [self, hyde]", "unknown part 'hyde'"),
        ("['\\bguards?\\b']", "['(guard']", "missing )"),
        ("within: 2", "witin: 2", "unknown key 'witin'"),
        ("frames:", "  odd: {en: [odd]}\nframes:", "asks about the part 'odd'"),
        ("weight: 0.5, topic", "weight: 2, topic", "less than 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_lexicon(SMALL.replace(old, new), "small.yaml")
    assert says in str(caught.value) and "small.yaml" in str(caught.value)
