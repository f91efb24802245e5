import time

import pytest

from orchestrator.errors import PolicyError
from orchestrator.rules.document import read_document


def test_plain_data_keeps_its_lines() -> None:
    text = "a: 1\nb:\n  - x\n  - c: [true, null, 2.5, no, '7', 1e3, 0x1F]\n"
    document = read_document(text, "f.yaml")
    assert document.data == {
        "a": 1,
        "b": ["x", {"c": [True, None, 2.5, "no", "7", 1000.0, "0x1F"]}],
    }
    assert document.line_of(("b", 1, "c")) == 4
    assert document.line_of(("b", 1, "c", 9, "z")) == 4
    assert str(document.error("wrong", ("b",))) == "f.yaml:2: wrong"


def test_an_empty_file_is_nothing() -> None:
    assert read_document("", "f.yaml").data is None
    assert read_document("# only this\n", "f.yaml").data is None


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\n"
HOSTILE = {
    "alias": ("a: 1\nb: *x\n", 2),
    "anchor": (BOMB, 1),
    "tag": ("a: !!python/object:os.system x\n", 1),
    "twice": ("a: 1\nb: 2\na: 3\n", 3),
    "key": ("? [a]\n: 1\n", 1),
    "documents": ("a: 1\n---\nb: 2\n", 2),
    "broken": ("a: [1\nb: 2\n", 2),
    "tab": ("a:\n\t- 1\n", 2),
    "unclosed": ("a: 'x\n", 2),
    "control": ("a: 1\nb: \x07\n", 2),
    "deep": ("[" * 100 + "]" * 100, 1),
    "deeper": ("a: " + "[" * 100_000, 1),
    "wide": ("- x\n" * 60_000, 50_000),
    "large": ("a: " + "x" * 1_100_000, 1),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_plain_data_is_refused_with_its_line(case: str) -> None:
    text, line = HOSTILE[case]
    started = time.process_time()
    with pytest.raises(PolicyError) as caught:
        read_document(text, "f.yaml")
    assert time.process_time() - started < 1
    assert caught.value.file == "f.yaml"
    assert caught.value.line == line, str(caught.value)
