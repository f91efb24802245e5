"""`crossaudit config`: what holds and why, and a file to start from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Group
from orchestrator.cli.options import json_option, with_config
from orchestrator.cli.plain import safe
from orchestrator.config import FILE_NAME, AuditorConfig, Config, Section, read_profile
from orchestrator.errors import CrossauditError

if TYPE_CHECKING:
    from orchestrator.config import Keys, Loaded


@click.group(
    cls=Group, examples=["crossaudit config show", "crossaudit config init --profile observe"]
)
def config() -> None:
    """Show or start the configuration."""


@config.command(
    examples=[
        "crossaudit config show",
        "crossaudit config show --profile strict",
        "crossaudit config show --json | jq 'select(.origin != \"built in\")'",
    ]
)
@json_option
@with_config(profile=True, ledger=True)
def show(loaded: Loaded, as_json: bool) -> None:
    """Show every setting with where its value came from.

    The plain output is a valid crossaudit.toml.
    """
    if as_json:
        for keys, value in _settings(loaded):
            row = {"key": ".".join(keys), "value": value, "origin": loaded.origins[keys]}
            click.echo(json.dumps(row))
        return
    section: Keys = ()
    for keys, value in _settings(loaded):
        if keys[:-1] != section:
            section = keys[:-1]
            click.echo(f"\n[{'.'.join(section)}]")
        click.echo(f"{_assign(keys[-1], value):<40}  # {safe(loaded.origins[keys])}")


@config.command(examples=["crossaudit config init", "crossaudit config init --profile strict"])
@click.option(
    "--profile",
    metavar="NAME",
    default="observe",
    show_default=True,
    help="What to start from: observe, default, strict, or the path of a .toml file.",
)
def init(profile: str) -> None:
    """Write crossaudit.toml here, with every setting explained and none changed.

    An existing file is left alone.
    """
    text = "\n".join(_template(profile)) + "\n"
    try:
        with Path(FILE_NAME).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CrossauditError(
            f"{FILE_NAME} exists already and is left alone; edit it, or move it away first"
        ) from None
    click.echo(f"wrote {FILE_NAME} (profile {safe(profile)}); see 'crossaudit config show'")


def _settings(loaded: Loaded) -> Iterator[tuple[Keys, Any]]:
    """Yield every setting in the order of the configuration."""
    yield from _leaves(loaded, (), loaded.config.model_dump(mode="json"))


def _leaves(loaded: Loaded, keys: Keys, value: Any) -> Iterator[tuple[Keys, Any]]:
    if keys in loaded.origins or not isinstance(value, dict):
        yield keys, value
        return
    for key, item in value.items():
        yield from _leaves(loaded, (*keys, key), item)


def _template(profile: str) -> Iterator[str]:
    """Yield the lines of a file that sets the profile and shows the rest as comments."""
    _, data = read_profile(profile)
    merged = Config.model_validate(data)
    yield "# Settings of crossaudit. A commented line shows what holds without it."
    yield f"profile = {_toml(profile)}"
    for name in Config.model_fields:
        section = getattr(merged, name)
        if isinstance(section, Section):
            yield ""
            yield from _comment(type(section).__doc__ or "")
            yield f"[{name}]"
            yield from _fields(section)
        elif isinstance(section, tuple):
            yield ""
            yield from _comment(Config.model_fields[name].description or "")
            for entry in section:
                yield f"#[[{name}]]"
                yield from _fields(entry, ("name", "enabled", "settings"))
            yield ""
            yield "# One that is a model; give at least two, of different vendors:"
            yield f"# [[{name}]]"
            example = AuditorConfig(name="second-opinion", kind="model", model="openai:NAME")
            yield from (
                line.replace("#", "# ", 1) if line[1] != " " else line for line in _fields(example)
            )


def _fields(section: Section, only: Collection[str] = ()) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        if only and name not in only:
            continue
        yield from _comment(field.description or "")
        line = _assign(name, getattr(section, name))
        yield line if line.startswith("#") else f"#{line}"


def _comment(text: str) -> list[str]:
    return [f"# {line.strip()}" for line in text.splitlines() if line.strip()]


def _assign(key: str, value: Any) -> str:
    return f"# {key} is not set" if value is None else f"{_key(key)} = {_toml(value)}"


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _toml(key)


def _toml(value: Any) -> str:
    """Write a value as TOML on one line."""
    match value:
        case Mapping():
            given = {key: item for key, item in value.items() if item is not None}
            return "{" + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in given.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str() | bool() | int() | float():
            return json.dumps(value)  # the escapes and literals of JSON are TOML's too
        case _:
            return json.dumps(str(value))
