"""Every key, once: the footer, the help and the command palette are made from this table.

A person may move any of them: `[tui.keys]` of the configuration maps an id to other keys.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from textual.binding import Binding, BindingType

Where: TypeAlias = Literal["everywhere", "timeline", "replay", "approval"]


class Key(NamedTuple):
    """A key, what it does and how it is called."""

    id: str
    keys: str
    action: str
    words: str
    """One or two words, for the footer."""
    help: str
    where: Where = "everywhere"
    is_shown: bool = False
    """Whether the footer has it."""
    label: str = ""
    """The keys as a person calls them, where Textual's names would not be understood."""


KEYS = (
    Key("help", "question_mark,f1", "help", "Help", "What every key does, and what you see",
        is_shown=True, label="?"),
    Key("open", "enter", "expand", "Open", "Show the chosen line whole; Esc goes back",
        is_shown=True, label="enter"),
    Key("answer", "a", "answer", "Answer", "Answer the action that has waited longest",
        is_shown=True, label="a"),
    Key("filter", "slash", "filter", "Filter", "Choose lines: is:flag, tool:shell, score>0.8",
        is_shown=True, label="/"),
    Key("play", "space", "play", "Pause", "Live: stop or follow the end. Replay: play or pause",
        is_shown=True, label="space"),
    Key("flag-next", "right_square_bracket", "flag(True)", "Next flag",
        "Jump to the next line where something was objected to", is_shown=True, label="]"),
    Key("flag-previous", "left_square_bracket", "flag(False)", "Previous flag",
        "Jump to the one before", label="["),
    Key("debate-next", "right_curly_bracket", "debate(True)", "Next debate",
        "Jump to the next debate", label="}"),
    Key("debate-previous", "left_curly_bracket", "debate(False)", "Previous debate",
        "Jump to the one before", label="{"),
    Key("step", "full_stop", "step(1)", "Step", "One event forward, quiet ones too", label="."),
    Key("step-back", "comma", "step(-1)", "Step back", "One event back", label=","),
    Key("faster", "greater_than_sign", "speed(2.0)", "Faster", "Play twice as fast", "replay",
        label=">"),
    Key("slower", "less_than_sign", "speed(0.5)", "Slower", "Play half as fast", "replay",
        label="<"),
    Key("find-next", "n", "find(True)", "Next match", "Next line the filter chooses", label="n"),
    Key("find-previous", "N", "find(False)", "Previous match", "The one before", label="N"),
    Key("all-events", "v", "verbose", "All events", "Show quiet events too, or hide them again",
        label="v"),
    Key("timeline", "1", "pane('timeline')", "Timeline", "Go to the timeline"),
    Key("detail", "2", "pane('detail')", "Detail", "Why the chosen action was decided so"),
    Key("debate", "3", "pane('debate')", "Debate", "The debate on the chosen action"),
    Key("auditors", "4", "pane('auditors')", "Auditors",
        "How the auditors do: failures, latency, spend, what they let pass"),
    Key("runs", "5", "pane('runs')", "Runs", "Choose another run"),
    Key("collusion", "6", "pane('collusion')", "Collusion",
        "Who is lenient on whom, who errs with whom, what was done about it"),
    Key("matrix", "m", "matrix", "Matrix or lines",
        "The collusion graph as tables, or one line a pair, what is unusual first"),
    Key("theme", "t", "theme", "Theme", "Dark, light, high contrast, colour-blind safe"),
    Key("palette", "colon", "command_palette", "Commands", "Everything, by name", label=": ctrl+p"),
    Key("back", "escape", "leave", "Back", "Close what was opened, clear the filter, follow again",
        label="esc"),
    Key("quit", "q,ctrl+c", "quit", "Quit", "Leave, as ctrl+c does; the agents and the guard go on",
        is_shown=True, label="q"),
)  # fmt: skip

MOVES = (
    ("j k ↑ ↓", "Move line by line"),
    ("h l ← →", "Move from cell to cell"),
    ("g G home end", "First line; last line, and follow"),
    ("pgup pgdn", "Move by pages"),
    ("tab", "Go to the next pane"),
    ("mouse", "Click a line, a run, the scrubber, a button; the wheel scrolls"),
)
APPROVAL = (
    ("enter", "Deny: it has the focus when the question opens"),
    ("d", "Deny"),
    ("y", "Approve; ignored for 0.4 s, so that a key meant for another pane approves nothing"),
    ("e", "Edit the arguments; they meet the rules again before anything runs"),
    ("esc", "Leave it waiting"),
)
"""Keys while a question is open."""


def bindings() -> list[BindingType]:
    """Return the table as Textual wants it."""
    return [
        Binding(
            key.keys,
            key.action,
            key.words,
            show=key.is_shown,
            key_display=key.label or None,
            id=key.id,
            tooltip=key.help,
        )
        for key in KEYS
    ]
