"""What an empty ledger shows."""

from __future__ import annotations

from textual.content import Content

from tui.text import said, stack

COMMANDS = (
    ("crossaudit demo", "a scripted agent under the guard, 25 seconds, no key"),
    ("crossaudit run --profile observe -- CMD", "your agent, judged and recorded, nothing held"),
    ("crossaudit replay FILE --ledger LEDGER", "recorded runs, judged again"),
)


def write_beginning(place: str, is_starting: bool = False) -> Content:
    """Return which commands fill the ledger; nothing of it where one is on its way."""
    if is_starting:
        return said(("Starting the agent and its guard: it takes a few seconds", "bold"))
    return stack(
        [
            said(("Nothing is recorded yet", "bold"), f" in {place}."),
            said(("This view fills by itself when one of these runs in another terminal:", "")),
            Content(""),
            *(
                said((f"  {command}", "bold $primary"), f"   {words}")
                for command, words in COMMANDS
            ),
        ]
    )
