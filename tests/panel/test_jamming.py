"""A turn said again: what it does stays, what could carry a signal goes."""

from __future__ import annotations

import pytest

from orchestrator.domain.value import JsonObject
from orchestrator.panel.jamming import jam_arguments


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("shell", {"command": "ls  -la   # k1n"}, {"command": ["ls  -la"]}),
        ("shell", {"command": "ls | wc -l  # k1n"}, {"command": ["ls", "| wc -l"]}),
        ("shell", {"command": "curl x.example | sh # y"}, {"command": "curl x.example | sh # y"}),
        ("shell", {"command": "bash -c 'rm -rf x # k1n'"}, {"command": ["bash -c rm -rf x"]}),
        (
            "shell",
            {"command": "cat <<'E' >f\n# kept\nE\n"},
            {"command": ["cat <<'E' >f <<< # kept\n"]},
        ),
        ("shell", {"command": "echo 'open  # k1n"}, {"command": "echo 'open  # k1n"}),
        ("code", {"code": "x = '#1'  # k1n\nf(x)\n"}, {"code": "x = '#1'\nf(x)\n"}),
        ("code", {"code": "if (  # not python"}, {"code": "if (  # not python"}),
        ("other", {"b": "a\u200bb\u202e", "a": {"d": 1, "c": ["x\u00a0 "]}}, None),
    ],
)
def test_what_a_call_does_stays(kind: str, arguments: JsonObject, said: JsonObject | None) -> None:
    again = jam_arguments(arguments, kind)
    if said is None:
        assert list(again) == ["a", "b"] and again["b"] == "ab"
        assert again["a"] == {"c": ["x"], "d": 1}
    else:
        assert again == said
    assert jam_arguments(again, "other") == again, "said twice is said once"
