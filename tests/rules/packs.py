"""Small packs written for one test each."""

from __future__ import annotations

import textwrap
from pathlib import Path

from orchestrator.config import Rules

HEAD = 'pack: mine\nversion: "1"\nabout: For a test.\n'


def write_pack(folder: Path, rules: str, *, head: str = HEAD, name: str = "mine.yaml") -> str:
    """Write a pack of these rules and return its path."""
    path = folder / name
    path.write_text(head + "rules:\n" + textwrap.indent(textwrap.dedent(rules), "  "), "utf-8")
    return str(path)


def only(path: str) -> Rules:
    """Return a configuration of that pack alone."""
    return Rules(packs=(path,))


def rule(
    id: str = "mine.one",
    *,
    matcher: str = "command: {program: [frob]}",
    effect: str = "deny",
    match: str = "frob now",
    passes: str = "ls",
    more: str = "",
) -> str:
    """Return a rule as it is written, one line a key."""
    lines = (
        f"- id: {id}",
        "  clause: stay-in-scope",
        "  tools: [shell]",
        f"  {matcher}",
        f"  effect: {effect}",
        "  reason: For a test",
        *([f"  {more}"] if more else []),
        f"  examples: {{match: [{match}], pass: [{passes}]}}",
    )
    return "\n".join(lines) + "\n"
