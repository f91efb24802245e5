from __future__ import annotations

from typing import Any

import pytest

from orchestrator.domain.action import Action
from orchestrator.domain.verdict import Hit, Patch
from orchestrator.rules.patches import apply_patches, patch_text, read_pointer

ACTION = Action(
    id="a", tool="x", arguments={"memo": "old", "deep": {"a/b": ["x", {"~": "y"}]}, "n": 1}
)


def hit(*patches: tuple[str, Any]) -> Hit:
    made = tuple(Patch(path=path, value=value) for path, value in patches)
    return Hit(action="a", rule="r", clause="c", effect="modify", reason="", patches=made)


def test_patches_change_a_copy() -> None:
    changed = apply_patches(ACTION, [hit(("/memo", "new")), hit(("/deep/a~1b/1/~0", "z"))])
    assert changed is not None
    assert changed.arguments["memo"] == "new"
    assert changed.arguments["deep"] == {"a/b": ["x", {"~": "z"}]}
    assert ACTION.arguments["memo"] == "old"
    assert ACTION.arguments["deep"] == {"a/b": ["x", {"~": "y"}]}


def test_two_changes_of_one_argument_collide() -> None:
    assert apply_patches(ACTION, [hit(("/memo", "new")), hit(("/memo", "other"))]) is None
    assert apply_patches(ACTION, [hit(("/deep", {})), hit(("/deep/a~1b/0", "z"))]) is None


def test_two_that_ask_for_the_same_agree() -> None:
    assert apply_patches(ACTION, [hit(("/memo", "new")), hit(("/memo", "new"))]) is not None


@pytest.mark.parametrize("path", ["/deep/a~1b/7", "/n/x", "/memo/x", "/none/x"])
def test_a_change_of_nothing_is_none(path: str) -> None:
    assert apply_patches(ACTION, [hit((path, "z"))]) is None


def test_no_change_is_the_same_action() -> None:
    assert apply_patches(ACTION, [hit()]) == ACTION


def test_pointers_lead_to_values() -> None:
    assert read_pointer(ACTION.arguments, "/deep/a~1b/1/~0") == "y"
    assert read_pointer(ACTION.arguments, "/deep/a~1b/x") is None
    assert read_pointer(ACTION.arguments, "") == ACTION.arguments


def test_changes_of_a_result_build_on_each_other() -> None:
    assert patch_text("abc", [hit(("/content", "ab.")), hit(("/content", "a..")), hit()]) == "a.."
    assert patch_text("abc", [hit()]) == "abc"
