"""Every command: where it lives, and the line it has in the list.

A new command is one entry here, and a `Command` or `Group` with examples at its target.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command that is imported when it is called."""

    target: str
    """`module:attribute`, the module below `orchestrator.cli`."""
    line: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Guard and replay": {
        "demo": Entry("demo.command:demo", "Watch one run that shows every kind of decision."),
        "run": Entry("run:run", "Run an agent in any language under the guard."),
        "replay": Entry(
            "replay:replay", "Judge recorded runs again, or under another configuration."
        ),
        "prompts": Entry("prompts:prompts", "Take auditors' prompts elsewhere, and bring replies."),
        "policy": Entry("policy.group:policy", "Check, count, try and compare rules."),
        "calibrate": Entry("calibrate:calibrate", "Propose thresholds from your own benign runs."),
    },
    "Watch": {
        "watch": Entry("watch:watch", "Watch runs on a screen, answer, and look back."),
        "screenshot": Entry("screenshot:screenshot", "Write a picture of a run as SVG."),
    },
    "Answer": {
        "approvals": Entry("approvals:approvals", "List the actions that wait for a person."),
        "approve": Entry("approvals:approve", "Let a waiting action run."),
        "deny": Entry("approvals:deny", "Refuse a waiting action."),
        "edit": Entry("approvals:edit", "Let a waiting action run with other arguments."),
    },
    "Look back": {
        "runs": Entry("runs:runs", "List recorded runs, newest first."),
        "show": Entry("runs:show", "Show a run step by step, or one event whole."),
        "audit": Entry("audit:audit", "Show what each auditor added to a decision."),
        "explain": Entry("explain:explain", "Say why an action was decided as it was."),
        "panel": Entry("panel:panel", "Say what model auditors did, and if their debates pay."),
        "graph": Entry("graph.group:graph", "Test who agrees with whom for collusion."),
        "verify": Entry("ledger:verify", "Check that nobody changed the record."),
        "export": Entry("ledger:export", "Write runs as JSON Lines that anybody can check."),
    },
    "Set up": {
        "config": Entry("config:config", "Show or start the configuration."),
        "ledger": Entry("ledger:ledger", "Maintain the ledger."),
        "completion": Entry("completion:completion", "Print a completion script for your shell."),
    },
}

ENTRIES: dict[str, Entry] = {
    name: entry for section in SECTIONS.values() for name, entry in section.items()
}
