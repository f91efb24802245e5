"""Real file and shell tools for agents that have none: what `execute: host` and the demo run."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import anyio

OUTPUT_LIMIT = 64 * 1024
SHELL_SECONDS = 60.0

Run: TypeAlias = Callable[[Mapping[str, Any]], Awaitable["Output"]]


class Output(NamedTuple):
    """What a tool gave back."""

    content: str
    error: bool = False


class Tool(NamedTuple):
    """A tool: its schema for the model, and what runs it."""

    schema: dict[str, Any]
    run: Run

    @property
    def name(self) -> str:
        """Return the name the agent calls it by."""
        return str(self.schema["name"])


def file_and_shell_tools(folder: Path, *, environment: Mapping[str, str]) -> dict[str, Tool]:
    """Return `read_file`, `write_file`, `list_files` and `shell`, at work in `folder`.

    They are not a sandbox: they do whatever the arguments say. `environment` is what a shell
    command adds to the process's own.
    """
    texts = {"path": _text("Path, absolute or from the working directory.")}
    tools = (
        Tool(_schema("read_file", "Return the text of a file.", texts), _reader(folder)),
        Tool(
            _schema(
                "write_file",
                "Write text to a file, replacing what it held.",
                {**texts, "content": _text("What the file is to hold.")},
            ),
            _writer(folder),
        ),
        Tool(_schema("list_files", "List a directory.", texts), _lister(folder)),
        Tool(
            _schema("shell", "Run a command with sh.", {"command": _text("The command line.")}),
            _shell(folder, environment),
        ),
    )
    return {tool.name: tool for tool in tools}


async def run_tool(tools: Mapping[str, Tool], name: str, arguments: Mapping[str, Any]) -> Output:
    """Run a tool; what goes wrong in it is its output, marked as an error."""
    tool = tools.get(name)
    if tool is None:
        return Output(f"there is no tool {name!r}; there are {', '.join(tools)}", error=True)
    try:
        output = await tool.run(arguments)
    except KeyError as missing:
        return Output(f"{name} needs the argument {missing}", error=True)
    except OSError as error:
        return Output(f"{name}: {error.strerror}: {error.filename}", error=True)
    return output._replace(content=output.content[:OUTPUT_LIMIT])


def _reader(folder: Path) -> Run:
    async def read(arguments: Mapping[str, Any]) -> Output:
        raw = await anyio.Path(folder / str(arguments["path"])).read_bytes()
        return Output(raw.decode("utf-8", "replace"))

    return read


def _writer(folder: Path) -> Run:
    async def write(arguments: Mapping[str, Any]) -> Output:
        path = anyio.Path(folder / str(arguments["path"]))
        await path.parent.mkdir(parents=True, exist_ok=True)
        written = await path.write_text(str(arguments["content"]), "utf-8")
        return Output(f"{written} characters written")

    return write


def _lister(folder: Path) -> Run:
    async def list_folder(arguments: Mapping[str, Any]) -> Output:
        path = anyio.Path(folder / str(arguments["path"]))
        names = [f"{p.name}/" if await p.is_dir() else p.name async for p in path.iterdir()]
        return Output("\n".join(sorted(names)))

    return list_folder


def _shell(folder: Path, environment: Mapping[str, str]) -> Run:
    async def run(arguments: Mapping[str, Any]) -> Output:
        command = ["/bin/sh", "-c", str(arguments["command"])]
        merged = {**os.environ, **environment}
        with anyio.move_on_after(SHELL_SECONDS):
            done = await anyio.run_process(
                command, cwd=folder, env=merged, stderr=-2, check=False, input=b""
            )
            text = done.stdout.decode("utf-8", "replace")
            failed = done.returncode != 0
            return Output(f"{text}[exit {done.returncode}]" if failed else text, error=failed)
        return Output(f"stopped after {SHELL_SECONDS:.0f} seconds", error=True)

    return run


def _schema(name: str, description: str, properties: dict[str, Any]) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"name": name, "description": description, "parameters": parameters}


def _text(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}
