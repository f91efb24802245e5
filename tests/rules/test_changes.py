from __future__ import annotations

from typing import Any

import pytest

from orchestrator.domain.action import Action
from orchestrator.domain.verdict import Hit
from orchestrator.rules.examples import ROOT
from orchestrator.rules.patches import apply_patches
from tests.rules.drive import check, compile_text, make_turn, shell

PACK = """\
pack: changes
version: "1"
about: x
rules:
  - id: r
    clause: stay-in-scope
{body}
    reason: x
    examples: {{match: [x], pass: [y]}}
"""


def change(body: str, tool: str, **arguments: Any) -> tuple[Action | None, tuple[Hit, ...]]:
    rules = compile_text(PACK.format(body=body))
    turn = make_turn((tool, arguments))
    hits = rules.check(turn, rules.start(root=ROOT))
    return apply_patches(turn.actions[0], hits), hits


MASK = """\
    tools: [any]
    text: {like: ['[0-9]{4}', 'secret']}
    effect: modify
    change: {mask: '[gone]'}"""


def test_everything_that_matched_is_masked_in_one_patch() -> None:
    changed, hits = change(MASK, "note", text="1234 é secret 5678", deep={"a": ["9999", "x"]})
    assert changed is not None
    assert changed.arguments == {"text": "[gone] é [gone] [gone]", "deep": {"a": ["[gone]", "x"]}}
    assert len(hits) == 1


KEEP = """\
    tools: [file_write, shell]
    path: {outside: true}
    effect: modify
    change: {keep_in_root: true}"""


@pytest.mark.parametrize(
    ("path", "kept"),
    [("../x/y", "/srv/work/x/y"), ("/etc/passwd", "/srv/work/etc/passwd"), ("~/a", "/srv/work/a")],
)
def test_a_path_is_kept_in_the_working_folder(path: str, kept: str) -> None:
    changed, _ = change(KEEP, "write_file", path=path, content="x")
    assert changed is not None and changed.arguments["path"] == kept


def test_a_path_in_a_command_is_changed_where_it_stands() -> None:
    changed, _ = change(KEEP, "bash", command="cp a ../b && ls")
    assert changed is not None and changed.arguments["command"] == "cp a /srv/work/b && ls"


SET = """\
    tools: [any]
    argument: {name: [force], equals: [true]}
    effect: modify
    change: {set: {force: false, dry_run: true}}"""


def test_arguments_are_set() -> None:
    changed, _ = change(SET, "note", force=True, other=1)
    assert changed is not None
    assert changed.arguments == {"force": False, "other": 1, "dry_run": True}
    assert change(SET, "note", force=1)[1] == ()


DROP = """\
    tools: [shell]
    command: {program: [frob], flags: [--force]}
    effect: modify
    change: {drop_flags: [--force]}"""


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("frob --force x", "frob x"),
        ("ls && frob x --force && frob --force", "ls && frob x && frob"),
        ("frob '--force' x", None),
        ("sh -c 'frob --force x'", "sh -c 'frob x'"),
        ("frob --force=now x", None),
    ],
)
def test_flags_are_dropped_or_a_person_is_asked(line: str, changed: str | None) -> None:
    action, (hit,) = change(DROP, "bash", command=line)
    if changed is None:
        assert hit.effect == "escalate" and not hit.patches
    else:
        assert action is not None and action.arguments["command"] == changed


def test_how_many_must_approve_is_on_the_hit() -> None:
    body = "    tools: [shell]\n    effect: escalate\n    approvals: 2"
    (hit,) = check(compile_text(PACK.format(body=body)), shell("ls"))
    assert hit.approvals == 2
