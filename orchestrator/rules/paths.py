"""Paths as a call writes them, made comparable without looking at any disk.

Judging must come out the same in a replay on another machine: what symbolic links led to was
recorded in the turn, everything else follows from the text and the folder the agent works in.
"""

from __future__ import annotations

import functools
import posixpath
from typing import NamedTuple

_HOMES = ("/home/", "/Users/", "/users/")
_VARIABLES = ("$HOME", "${HOME}", "%USERPROFILE%", "$env:USERPROFILE")
_HERE = ("$PWD", "${PWD}", "$(pwd)")


class Location(NamedTuple):
    """A path in the forms that rules compare."""

    written: str
    full: str
    """Normalised; absolute, below `~`, or relative where the working folder is not known."""
    short: str
    """The same with somebody's home written `~`."""

    @property
    def is_absolute(self) -> bool:
        """Say whether it is known where in the file system this is."""
        return self.full[:1] in ("/", "~") or _has_drive(self.full)


@functools.lru_cache(maxsize=8192)
def locate(written: str, folder: str | None) -> Location:
    """Normalise `written`, relative to `folder`."""
    text = written.strip().removeprefix("file://")
    if "\\" in text and (_has_drive(text) or "/" not in text):
        text = text.replace("\\", "/")
    for variable in _VARIABLES:
        if text.startswith(variable):
            text = "~" + text[len(variable) :]
    for variable in _HERE:
        if text.startswith(variable):
            text = "." + text[len(variable) :]
    if folder is not None and text[:1] not in ("/", "~") and not _has_drive(text):
        text = f"{folder}/{text}"
    full = posixpath.normpath(text) if text else "."
    if full.startswith("//"):
        full = full[1:]
    return Location(written, full, _shorten(full))


@functools.lru_cache(maxsize=8192)
def is_outside(full: str, root: str) -> bool:
    """Say whether the normalised path `full` lies neither at nor below `root`."""
    if full.startswith("~"):
        home = home_of(root)
        if home is None:
            return True
        full = home + full[1:]
    if full[:1] != "/" and not _has_drive(full):
        return full == ".." or full.startswith("../")
    if _has_drive(root):
        full, root = full.lower(), root.lower()
    return full != root and not full.startswith(root.rstrip("/") + "/")


def home_of(root: str) -> str | None:
    """Return the home that `root` lies in, as far as its text tells."""
    for prefix in _HOMES:
        if root.startswith(prefix):
            return prefix + root[len(prefix) :].split("/", 1)[0]
    return "/root" if root == "/root" or root.startswith("/root/") else None


def _shorten(full: str) -> str:
    path = full[2:] if _has_drive(full) else full
    if path.startswith("~"):
        return "~" + path[path.find("/") :] if "/" in path else "~"
    home = home_of(path)
    return full if home is None else "~" + path[len(home) :]


def _has_drive(path: str) -> bool:
    return len(path) > 2 and path[1] == ":" and path[0].isalpha() and path[2] in "/\\"
