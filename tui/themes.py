"""Colours by meaning. A word and a glyph always say the same, so that none is needed."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT, CONTRAST, SAFE = "crossaudit", "crossaudit-light", "high-contrast", "colour-blind-safe"


def _tones(
    allow: str,
    flag: str,
    modify: str,
    escalate: str,
    deny: str,
    agent: str,
    debate: str,
    quiet: str,
) -> dict[str, str]:
    return {
        "tone-allow": allow, "tone-flag": flag, "tone-modify": modify, "tone-escalate": escalate,
        "tone-deny": deny, "tone-terminate": deny, "tone-alarm": deny, "tone-agent": agent,
        "tone-user": agent, "tone-verdict": allow, "tone-doubt": flag, "tone-debate": debate,
        "tone-result": quiet, "tone-quiet": quiet,
    }  # fmt: skip


THEMES = (
    Theme(
        DARK, primary="#7aa2f7", secondary="#bb9af7", accent="#e0af68", foreground="#c8d3f5",
        background="#16181f", surface="#1e212b", panel="#262a36", success="#9ece6a",
        warning="#e0af68", error="#ff757f", dark=True,
        variables=_tones("#9ece6a", "#e0af68", "#7dcfff", "#ff9e64", "#ff757f", "#7aa2f7",
                         "#bb9af7", "#848cae"),
    ),
    Theme(
        LIGHT, primary="#2451a6", secondary="#6b3fa0", accent="#8a5a00", foreground="#22252e",
        background="#fafafa", surface="#f0f1f4", panel="#e3e6ec", success="#2c6e1f",
        warning="#8a5a00", error="#b3142b", dark=False,
        variables=_tones("#2c6e1f", "#8a5a00", "#0b6b8f", "#a04400", "#b3142b", "#2451a6",
                         "#6b3fa0", "#5d6375"),
    ),
    Theme(
        CONTRAST, primary="#ffffff", secondary="#ffff00", accent="#ffff00", foreground="#ffffff",
        background="#000000", surface="#000000", panel="#1a1a1a", success="#00ff66",
        warning="#ffff00", error="#ff6060", dark=True,
        variables=_tones("#00ff66", "#ffff00", "#00ffff", "#ffaa00", "#ff6060", "#ffffff",
                         "#ff88ff", "#d0d0d0"),
    ),
    # The palette of Okabe and Ito: told apart with any common kind of colour blindness.
    Theme(
        SAFE, primary="#56b4e9", secondary="#cc79a7", accent="#f0e442", foreground="#e8e8e8",
        background="#14161a", surface="#1d2026", panel="#272b33", success="#56b4e9",
        warning="#f0e442", error="#e8743b", dark=True,
        variables=_tones("#56b4e9", "#f0e442", "#009e73", "#e69f00", "#e8743b", "#e8e8e8",
                         "#cc79a7", "#9a9fa8"),
    ),
)  # fmt: skip
NAMES = tuple(theme.name for theme in THEMES)
