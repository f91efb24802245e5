"""Files are split into records within bounds, known by content, and named so that they differ."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.replay.importers import FORMATS, find_files, find_runs, read_runs
from orchestrator.replay.importers.brackets import Brackets
from orchestrator.replay.importers.elements import Elements
from orchestrator.replay.importers.head import mend, read_head
from orchestrator.replay.importers.layout import find_layout, read_records
from orchestrator.replay.importers.records import HEAD, Broken, Record
from orchestrator.replay.recording import Recording, Unreadable
from tests.replay.outline import SAMPLES, read_text

RUN = {"messages": [{"role": "user", "content": "hello"}]}
LINE = json.dumps(RUN)


def _split(data: str | bytes, limit: int = 1000) -> list[Record | Broken]:
    raw = data.encode() if isinstance(data, str) else data
    return list(read_records(io.BufferedReader(io.BytesIO(raw), HEAD), limit))


def _values(data: str | bytes, limit: int = 1000) -> list[object]:
    return [r.data if isinstance(r, Record) else r.why for r in _split(data, limit)]


@pytest.mark.parametrize(
    ("data", "layout"),
    [
        (b"", "lines"),
        (b'{"a": 1}\n{"a": 2}\n', "lines"),
        (b'\xef\xbb\xbf{"a": 1}', "lines"),
        (b'{"a": "cut\n{"a": 2}\n', "lines"),
        (b'{"a": [\n{"a": 2}\n{"a": 3}\n', "lines"),
        (b'{"a": 1} {"b": 2}\n{}', "lines"),
        (b'{\n "a": 1\n}\n', "objects"),
        (b'{"samples": [\n{"a": 1},\n{"a": 2}]}', "objects"),
        (b'{"samples": [\n{"a": 1}\n]}', "objects"),
        (b' \n[{"a": 1}]', "array"),
    ],
)
def test_layout_is_told_from_the_first_lines(data: bytes, layout: str) -> None:
    assert find_layout(data) == layout


def test_lines_are_counted_from_one_and_keep_their_place() -> None:
    records = [r for r in _split('{"a":1}\n\n{"a":2} {"a":3}\n') if isinstance(r, Record)]
    assert [(r.number, r.at) for r in records] == [(1, 0), (3, 2), (3, 2)]


def test_one_value_alone_is_record_zero_unless_the_name_promises_lines(tmp_path: Path) -> None:
    for name, number in (("a.json", 0), ("a.jsonl", 1)):
        (tmp_path / name).write_text(LINE + "\n", "utf-8")
        (run,) = read_runs(tmp_path / name)
        assert isinstance(run, Recording)
        assert run.source.record == number


def test_elements_are_counted_from_zero() -> None:
    assert [(r.number, r.data) for r in _split('[{"a":1}, {"a":2}]') if isinstance(r, Record)] == [
        (0, {"a": 1}),
        (1, {"a": 2}),
    ]


def test_a_broken_line_does_not_stop_the_next() -> None:
    values = _values(
        b'{"a":1}\n{"a": \n\xff\xfe{}\n{"a":1e}\n' + b"[" * 100_000 + b'\n{"a":2}\n', 10**6
    )
    assert values[0] == {"a": 1}
    assert values[1:] == [
        "line 2: is not valid JSON (expecting value at column 7)",
        "line 3: is not UTF-8 text (byte 0)",
        "line 4: is not valid JSON (expecting ',' delimiter at column 7)",
        "line 5: is nested too deep",
        {"a": 2},
    ]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b'{"a": nul}', "is not valid JSON (expecting value)"),
        (b'{"a": "\xff"}', "is not UTF-8 text"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number too long to read"),
        (b'{"a": "x]\\"},{", "b" 3}', "is not valid JSON (expecting ':' delimiter)"),
    ],
)
def test_a_broken_element_does_not_stop_the_next(broken: bytes, why: str) -> None:
    values = _values(b'[{"a": 1},\n' + broken + b',\n {"a": 2}]', 10**6)
    assert values == [{"a": 1}, f"element 1: {why}", {"a": 2}]


def test_an_array_cut_short_gives_what_it_holds() -> None:
    assert _values('[{"a": 1}, {"a": "cu') == [
        {"a": 1},
        "element 1: is not valid JSON (unterminated string)",
        "element 1: the array is cut short",
    ]
    assert (
        _values('[{"a": 1}] and more')[1]
        == "element 0: there is more text after the end of the array"
    )


@pytest.mark.parametrize("filler", ["x" * 5000, '\\"' * 3000, '","' * 2000, "}]" * 3000])
def test_what_is_above_the_limit_is_passed_over(filler: str) -> None:
    big = json.dumps({"a": filler, "b": [{"c": filler}]})
    whys = _values(f'{{"a": 1}}\n{big}\n{{"a": 2}}'), _values(f'[{{"a": 1}}, {big}, {{"a": 2}}]')
    for values in whys:
        assert values[0] == {"a": 1}
        assert values[2:] == [{"a": 2}]
        assert "is above 0.000953674 MiB and was skipped unread" in str(values[1])


def test_a_pretty_printed_object_is_bounded_too() -> None:
    (why,) = _values(json.dumps({"a": ["x"] * 500}, indent=1))
    assert "above" in str(why)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_elements_do_not_depend_on_where_the_window_ends(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        '[{"é": "\\u00e9\\"]"}, [1, 2.5e3, true], "x\\\\", {"big": "'
        + "y" * 99
        + '"}, nul, {"z": {}}]'
    )
    raw = text.encode()
    whole = Elements(io.BufferedReader(io.BytesIO(raw)), 60, in_array=True)
    monkeypatch.setattr("orchestrator.replay.importers.elements.CHUNK", chunk)
    parts = Elements(io.BufferedReader(io.BytesIO(raw)), 60, in_array=True)
    assert list(parts.read()) == list(whole.read())


@pytest.mark.parametrize("cut", range(0, 40, 3))
def test_brackets_find_the_end_over_any_chunks(cut: int) -> None:
    text = '{"a": "}\\"]", "b": [{}, "\\\\"]}, {"next": 1}'
    brackets, end = Brackets(), text.index(", {")
    found = brackets.find_end(text[:cut], 0)
    if found is None:
        rest = brackets.find_end(text[cut:], 0)
        found = None if rest is None else cut + rest
    assert found == end


def test_a_value_cut_short_is_mended_for_recognition() -> None:
    assert mend('{"a": [1, {"b": "x, y", "c": "cu') == {"a": [1, {"b": "x, y"}]}
    assert mend('[{"a": 1}, {"b') == [{"a": 1}, {}]
    assert mend("nothing") is None
    assert mend("[" * 100_000) is None
    assert mend('{"a": 1} {"b') == {"a": 1}
    assert read_head(b'{"traj": [{"role": "us') == [{"traj": [{}]}]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.j*")), ids=lambda path: path.name)
def test_a_cut_file_is_still_of_a_known_format(path: Path, tmp_path: Path) -> None:
    raw = path.read_bytes()
    copy = tmp_path / path.name
    copy.write_bytes(raw[: len(raw) * 3 // 5])
    found = list(read_runs(copy))
    assert found
    assert all(item.known_format for item in found if isinstance(item, Unreadable))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n\n", b"hello", b"\x00\x01\x02", b"%PDF-1.7", b"PK\x03\x04nothing", b'{"a": 1}', b"[]",
     b"[" * 50_000, b"1,2,3\n", b"\xff\xfe{\x00", b'{"messages": "no"}', b'[{"label": 1}]'],
)  # fmt: skip
def test_what_is_no_run_says_so(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)
    (alone,) = read_runs(path)
    assert isinstance(alone, Unreadable)
    assert alone.known_format
    assert "--format" in alone.why
    (below,) = find_runs([tmp_path])
    assert isinstance(below, Unreadable)
    assert not below.known_format


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_not_json_is_unreadable_as_any_format(name: str, tmp_path: Path) -> None:
    lines = read_text(b"\x00 not json\n", tmp_path / "x", format=name)
    assert lines
    assert all(line.startswith("UNREADABLE") for line in lines)


def test_a_missing_or_odd_file_is_one_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (missing,) = find_runs([tmp_path / "nowhere.jsonl"])
    (pipe,) = find_runs([tmp_path / "pipe"])
    assert isinstance(missing, Unreadable)
    assert missing.why == "cannot be read: No such file or directory"
    assert isinstance(pipe, Unreadable)
    assert pipe.why == "is not a regular file"


def test_a_directory_is_walked_in_order_without_hidden_names(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "a.jsonl", "b/1.jsonl", ".git/x.jsonl", "b/.hidden", "b/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(LINE, "utf-8")
    (tmp_path / "b/notes.md").write_text("# notes", "utf-8")
    found = find_files([tmp_path])
    names = [item.file if isinstance(item, Unreadable) else item.name for item in found]
    assert names == ["a.jsonl", "1.jsonl", "2.jsonl", "b/notes.md"]


def test_a_format_is_forced_on_files_named_and_on_json_found(tmp_path: Path) -> None:
    for name in ("a.json", "b.txt"):
        (tmp_path / name).write_text("notes" if name == "b.txt" else "{}", "utf-8")
    odd, text = find_files([tmp_path], format="tau-bench")
    assert not isinstance(odd, Unreadable)
    assert odd.importer.name == "tau-bench"
    assert isinstance(text, Unreadable)
    assert not text.known_format
    (named,) = find_files([tmp_path / "b.txt"], format="tau-bench")
    assert not isinstance(named, Unreadable)


def test_a_file_without_a_run_says_so(tmp_path: Path) -> None:
    header = '{"metadata": {"benchmark": "agent-dojo"}}'
    assert read_text(header, tmp_path / "x.jsonl") == ["UNREADABLE None holds no run"]
    assert read_text("", tmp_path / "y", format="openai") == ["UNREADABLE None holds no run"]


def test_files_of_one_base_name_go_by_their_path(tmp_path: Path) -> None:
    for name in ("a/run.jsonl", "b/run.jsonl", "b/other.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(LINE, "utf-8")
    below = [r.source.file for r in find_runs([tmp_path]) if isinstance(r, Recording)]
    assert below == ["a/run.jsonl", "b/other.jsonl", "b/run.jsonl"]
    given = [tmp_path / "a", tmp_path / "b"]
    apart = [r.source.file for r in find_runs(given) if isinstance(r, Recording)]
    assert len(set(apart)) == 3
    (run,) = read_runs(tmp_path / "a/run.jsonl", base=tmp_path)
    assert isinstance(run, Recording)
    assert run.source.file == "a/run.jsonl"


def test_a_run_that_never_ends_is_read_up_to_a_bound(tmp_path: Path) -> None:
    words = {"role": "user", "content": "w" * 400}
    entry = json.dumps({"type": "user", "sessionId": "s", "message": words})
    path = tmp_path / "session.jsonl"
    path.write_text(f"{entry}\n" * 50, "utf-8")
    *read, run = read_runs(path, limit_bytes=1000)
    assert isinstance(run, Recording)
    assert 5 <= len(run.steps) <= 10
    (why,) = read
    assert isinstance(why, Unreadable)
    assert "goes on above" in why.why


@pytest.mark.parametrize("frame", [("", "\n", ""), ("[", ",\n", "]")], ids=["lines", "array"])
def test_memory_does_not_grow_with_the_file(frame: tuple[str, str, str], tmp_path: Path) -> None:
    start, between, end = frame
    line = json.dumps({"messages": [{"role": "user", "content": "x" * 100_000}]})
    over = json.dumps({"messages": [{"role": "user", "content": "y" * 6_000_000}]})
    path = tmp_path / "big.jsonl"
    path.write_text(start + between.join([line] * 100 + [over] + [line] * 100) + end, "utf-8")
    tracemalloc.start()
    found = Counter(type(item) for item in read_runs(path, limit_bytes=2**20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {Recording: 200, Unreadable: 1}
    assert peak < 8 * 2**20
