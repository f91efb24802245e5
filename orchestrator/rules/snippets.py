"""Python that a call would run: the shell lines, files and hosts that stand in it as literals.

This sees through `python -c` and notebook cells the way a reader would at a glance; what the code
computes while it runs nobody sees before it runs.
"""

from __future__ import annotations

import ast
import functools
import shlex
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.rules.schema import Access

MAX_CHARACTERS = 8_000
"""Longer code is searched as text only."""

_HINTS = ("system", "popen", "Popen", "subprocess", "spawn", "open", "remove", "unlink", "rmtree",
          "rmdir", "move", "copy", "write_", "read_", "urlopen", "requests", "httpx", "http", "%",
          "!", "pty", "exec", "rename", "symlink")  # fmt: skip
_SHELLS = frozenset((
    "os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.Popen",
    "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput",
    "subprocess.getstatusoutput", "pty.spawn", "get_ipython.system", "anyio.run_process",
    "asyncio.create_subprocess_shell",
))  # fmt: skip
_FILES: dict[str, Access] = {
    "os.remove": "delete", "os.unlink": "delete", "os.rmdir": "delete", "os.removedirs": "delete",
    "shutil.rmtree": "delete", "shutil.move": "delete", "os.rename": "delete",
    "os.chmod": "write", "os.mkdir": "write", "os.makedirs": "write", "os.symlink": "write",
    "shutil.copy": "read", "shutil.copyfile": "read", "shutil.copytree": "read",
    "os.listdir": "read", "os.scandir": "read", "linecache.getlines": "read",
}  # fmt: skip
_METHODS: dict[str, Access] = {
    "unlink": "delete", "rmdir": "delete", "write_text": "write", "write_bytes": "write",
    "touch": "write", "mkdir": "write", "read_text": "read", "read_bytes": "read",
}  # fmt: skip
_WRAPPERS = frozenset(("expanduser", "Path", "abspath", "realpath"))
_SENDERS = frozenset(("post", "put", "patch"))
_CLIENTS = frozenset(("requests", "httpx", "urllib", "aiohttp", "session", "client", "urllib3"))


class Literal(NamedTuple):
    """A text of the code, with where it stands if it stands there as it is."""

    text: str
    start: int
    """-1 where escapes or pieces make it differ from what is written."""


class Snippet(NamedTuple):
    """What stands in a piece of Python."""

    lines: tuple[Literal, ...] = ()
    files: tuple[tuple[Literal, Access], ...] = ()
    urls: tuple[tuple[Literal, bool], ...] = ()


@functools.lru_cache(maxsize=256)
def read_python(code: str) -> Snippet:
    """Find what `code` names; code that does not parse gives only its `!` lines."""
    if len(code) > MAX_CHARACTERS or not any(hint in code for hint in _HINTS):
        return Snippet()
    escapes = tuple(_find_escapes(code))
    plain = code
    for line in escapes:
        plain = plain.replace(line.text, " " * len(line.text))
    plain = "\n".join(_blank_magic(line) for line in plain.split("\n"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are not ours to report
            tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Snippet(lines=escapes)
    reader = _Reader(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            reader.read(node)
    return Snippet((*escapes, *reader.lines), tuple(reader.files), tuple(reader.urls))


class _Reader:
    """Collect what calls with literal arguments do."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.lines: list[Literal] = []
        self.files: list[tuple[Literal, Access]] = []
        self.urls: list[tuple[Literal, bool]] = []

    def read(self, call: ast.Call) -> None:
        name = _dotted(call.func)
        first = self._literal(call.args[0]) if call.args else None
        if name in _SHELLS:
            line = first or (self._words(call.args[0]) if call.args else None)
            if line is not None:
                self.lines.append(line)
            return
        method = name.rpartition(".")[2]
        if method in _METHODS and isinstance(call.func, ast.Attribute):
            self._read_method(call.func, _METHODS[method])
        elif first is not None:
            self._read_function(name, method, call, first)

    def _read_function(self, name: str, method: str, call: ast.Call, first: Literal) -> None:
        if name in ("open", "io.open", "codecs.open"):
            mode = next((_text(k.value) for k in call.keywords if k.arg == "mode"), None)
            mode = mode or (_text(call.args[1]) if len(call.args) > 1 else None) or "r"
            writes = any(letter in mode for letter in "wax+")
            self.files.append((first, "write" if writes else "read"))
        elif name in _FILES:
            self.files.append((first, _FILES[name]))
            if len(call.args) > 1 and (second := self._literal(call.args[1])) is not None:
                self.files.append((second, "write"))
        elif "://" in first.text[:12] and _CLIENTS & set(name.lower().split(".")):
            sends = method in _SENDERS or any(
                k.arg in ("data", "json", "files") for k in call.keywords
            )
            self.urls.append((first, sends))
        elif method == "urlopen":
            sends = len(call.args) > 1 or any(k.arg == "data" for k in call.keywords)
            self.urls.append((first, sends))

    def _read_method(self, method: ast.Attribute, access: Access) -> None:
        """Read `Path("x").unlink()`."""
        made = method.value
        while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and not made.args:
            made = made.func.value  # Path("x").expanduser()
        if isinstance(made, ast.Call) and _dotted(made.func).endswith("Path") and made.args:
            path = self._literal(made.args[0])
            if path is not None:
                self.files.append((path, access))

    def _literal(self, node: ast.expr) -> Literal | None:
        text = _text(node)
        if text is not None:
            return Literal(text, self._find(text))
        if not isinstance(node, ast.Call) or not node.args:
            return None
        name = _dotted(node.func).rpartition(".")[2]
        if name == "join":
            parts = [_text(argument) or "$VALUE" for argument in node.args]
            return Literal("/".join(parts), -1)
        return self._literal(node.args[0]) if name in _WRAPPERS else None

    def _words(self, node: ast.expr) -> Literal | None:
        if not isinstance(node, (ast.List, ast.Tuple)):
            return None
        words = [_text(item) for item in node.elts]
        known = [word if word is not None else "$ARGUMENT" for word in words]
        line = " ".join(w if w == "$ARGUMENT" else shlex.quote(w) for w in known)
        return Literal(line, -1) if line else None

    def _find(self, text: str) -> int:
        for quote in "'\"":
            if (place := self._code.find(f"{quote}{text}{quote}")) >= 0:
                return place + 1
        return -1


def _find_escapes(code: str) -> Iterator[Literal]:
    """Yield the lines that a notebook gives to the shell."""
    place = 0
    for line in code.split("\n"):
        stripped = line.lstrip()
        if stripped.startswith(("%%bash", "%%sh", "%%script")):
            rest = code[place + len(line) + 1 :]
            yield Literal(rest, place + len(line) + 1)
            return
        if stripped.startswith("!"):
            start = place + len(line) - len(stripped) + 1
            yield Literal(stripped[1:], start)
        elif stripped.startswith(("%system ", "%sx ")):
            shift = stripped.index(" ") + 1
            yield Literal(stripped[shift:], place + len(line) - len(stripped) + shift)
        place += len(line) + 1


def _blank_magic(line: str) -> str:
    stripped = line.lstrip()
    return line[: len(line) - len(stripped)] + "pass" if stripped.startswith(("!", "%")) else line


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "$VALUE" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None and right is None else f"{left or '$VALUE'}{right or '$VALUE'}"
    return None


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif isinstance(node, ast.Call):
        parts.append(_dotted(node.func))
    return ".".join(reversed(parts))
