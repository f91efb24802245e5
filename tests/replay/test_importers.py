"""Each format is read as its sample says, and what is not the agent's or the user's stays out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import ReplayError
from orchestrator.replay.importers import FORMATS, find_runs, read_runs
from orchestrator.replay.recording import AgentTurn, Recording, Unreadable
from tests.replay.outline import SAMPLES, outline, read_text

FILES = sorted(path for path in SAMPLES.iterdir() if path.name != "outlines.txt")


def _expected() -> dict[str, list[str]]:
    sections = (SAMPLES / "outlines.txt").read_text("utf-8").split("== ")[1:]
    return {lines[0]: lines[1:] for lines in map(str.splitlines, sections)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_reads_every_sample_as_outlined(path: Path) -> None:
    assert outline(read_runs(path)) == _expected()[path.name]


def test_every_format_but_the_archive_has_a_sample() -> None:
    formats = {
        line.split()[1] for lines in _expected().values() for line in lines if line[0] == "R"
    }
    assert formats == FORMATS.keys() - {"inspect"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_label_reaches_a_recording(path: Path) -> None:
    labelled = "TELLTALE" in path.read_text("utf-8")
    runs = [item for item in read_runs(path) if isinstance(item, Recording)]
    assert runs
    assert not any("TELLTALE" in run.model_dump_json() for run in runs), labelled


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_ids_are_unique_and_turns_are_numbered(path: Path) -> None:
    for run in read_runs(path):
        assert isinstance(run, Recording)
        turns = [step.turn for step in run.steps if isinstance(step, AgentTurn)]
        ids = [action.id for turn in turns for action in turn.actions]
        assert [turn.index for turn in turns] == list(range(len(turns)))
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_reads_the_same_when_the_format_is_named(path: Path) -> None:
    name = _expected()[path.name][0].split()[1]
    assert outline(read_runs(path, format=name)) == _expected()[path.name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("name", FORMATS)
def test_another_format_is_refused_without_an_exception(path: Path, name: str) -> None:
    for item in read_runs(path, format=name):
        assert isinstance(item, Recording) or item.why


def test_a_call_id_that_looks_like_one_of_ours_does_not_collide(tmp_path: Path) -> None:
    calls = [{"id": "t1.0", "function": {"name": "a"}}], [{"id": "", "function": {"name": "b"}}]
    messages = [{"role": "assistant", "content": None, "tool_calls": c} for c in calls]
    lines = read_text(json.dumps({"messages": messages}), tmp_path / "x.jsonl")
    assert lines[1].endswith("t1.0=a({})")
    assert lines[2].endswith("t1.0'=b({})")


@pytest.mark.parametrize(
    ("arguments", "malformed"),
    [("", False), ("{}", False), (None, False), ("[]", True), ("no", True), (7, True), ("{", True)],
)
def test_arguments_that_are_no_object_are_malformed(
    tmp_path: Path, arguments: object, malformed: bool
) -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": arguments}}
    record = {"messages": [{"role": "assistant", "content": None, "tool_calls": [call]}]}
    lines = read_text(json.dumps(record), tmp_path / "x.jsonl")
    assert ("MALFORMED" in lines[1]) is malformed
    assert ("_raw" in lines[1]) is malformed


def test_results_without_ids_answer_by_tool_and_order(tmp_path: Path) -> None:
    calls = [{"id": "", "function": {"name": name}} for name in ("a", "b", "a")]
    messages = [
        {"role": "assistant", "content": None, "tool_calls": calls},
        *({"role": "tool", "name": name, "content": name} for name in ("b", "a", "a", "a", "c")),
    ]
    lines = read_text(json.dumps({"messages": messages}), tmp_path / "x.jsonl")
    answered = [line.split()[2] for line in lines if " result " in line]
    assert answered == ["t0.1", "t0.0", "t0.2", "None", "None"]


def test_a_result_for_an_unknown_id_answers_nothing(tmp_path: Path) -> None:
    call = {"id": "c1", "function": {"name": "f"}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c9", "content": "x"},
        {"role": "tool", "tool_call_id": "c1", "content": "y"},
        {"role": "tool", "tool_call_id": "c1", "content": "again"},
    ]
    lines = read_text(json.dumps({"messages": messages}), tmp_path / "x.jsonl")
    assert [line.split()[2] for line in lines if " result " in line] == ["None", "c1", "c1"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ({"rows": [1]}, '{"rows": [1]}'),
        ([{"type": "text", "text": "a"}, {"type": "odd", "x": 1}], 'a\n{"type": "odd", "x": 1}'),
        ([{"type": "image", "source": {"data": "AAAA"}}], "[image]"),
        (["a", 2], "a\n2"),
        ([], ""),
    ],
)
def test_results_are_kept_as_text(tmp_path: Path, content: object, text: str) -> None:
    record = {"messages": [{"role": "tool", "content": content}]}
    lines = read_text(json.dumps(record), tmp_path / "x.jsonl")
    assert lines[1] == f"  0 result None None {json.dumps(text)}"


def test_foreign_text_survives_every_store(tmp_path: Path) -> None:
    record = {"messages": [{"role": "user", "content": "a \ud800 b"}], "model": "m\udfff"}
    (run,) = _runs(tmp_path, json.dumps(record))
    assert run.task == "a � b"
    assert run.model == "m�"
    run.model_dump_json().encode()


def test_an_unknown_role_is_refused_by_its_place(tmp_path: Path) -> None:
    lines = read_text('{"messages": [{"role": "ghost", "content": ""}]}', tmp_path / "x.jsonl")
    assert lines == ['UNREADABLE 1 line 1: the message at 0 has no known role: "ghost"']


def test_an_unknown_format_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"no format 'agentdoyo'; known are .*agentdojo"):
        list(find_runs([tmp_path], format="agentdoyo"))


def test_an_inspect_log_without_inspect_ai_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "inspect_ai.log", None)
    log = tmp_path / "a.eval"
    log.write_bytes(b"PK\x03\x04" + b"\0" * 26 + b"header.json")
    (found,) = read_runs(log)
    assert isinstance(found, Unreadable)
    assert found.why == "needs inspect_ai to be read: pip install 'crossaudit[inspect]'"


def _runs(folder: Path, text: str) -> list[Recording]:
    path = folder / "x.jsonl"
    path.write_text(text, "utf-8")
    found = list(read_runs(path))
    assert not any(isinstance(item, Unreadable) for item in found)
    return [item for item in found if isinstance(item, Recording)]
