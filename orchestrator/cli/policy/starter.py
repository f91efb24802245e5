"""`policy new`: a pack to start from."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.command import Command
from orchestrator.cli.plain import safe
from orchestrator.errors import ConfigError, CrossauditError

PACK = """\
# A rule pack. `crossaudit policy check {file}` says what is wrong with it,
# `crossaudit policy test {file}` runs the examples, and [rules] packs = ["*", "{file}"] in
# crossaudit.toml puts it to work beside the shipped packs.
pack: {name}
version: "0.1"
about: What this pack is there to stop.

# Values that another place may want to set otherwise, under [rules.parameters].
# Below, ${parameter}_hosts stands for them.
parameters:
  {parameter}_hosts:
    type: list                    # number, text, list or flag
    about: Hosts that belong to production.
    default: ["*.prod.example.com"]

rules:
  # A call is stopped where all that a rule says of it holds.
  - id: {name}.production-host
    clause: stay-in-scope         # a clause of the constitution
    tools: [shell, code, http]    # or `named: ["deploy_*"]`, or `tools: [any]`
    host: {{like: ${parameter}_hosts, sends: true}}
    effect: escalate              # flag < modify < escalate < deny < terminate
    reason: Sends something to production
    instead: Send it to the staging host.
    # Calls it must stop and must let pass: run whenever the pack is loaded.
    examples:
      match:
        - curl -d @report.json https://api.prod.example.com/reports
        - http_request: {{method: POST, url: "https://api.prod.example.com/reports", body: "{{}}"}}
      pass:
        - curl https://api.prod.example.com/reports
        - curl -d @report.json https://api.staging.example.com/reports

  # A rule over several steps: this, and then that, unless somebody said yes.
  - id: {name}.push-untested
    clause: honest-results
    after:
      - {{tools: [file_write], path: {{like: ["**/*.py"]}}}}
    then:
      tools: [shell]
      command: {{program: [git push]}}
    unless: {{tools: [shell], command: {{program: [pytest, make]}}}}
    effect: flag
    reason: Pushes code that it changed and did not test
    examples:
      match:
        - - write_file: {{path: app.py, content: x = 1}}
          - bash: {{command: git push}}
      pass:
        - - write_file: {{path: app.py, content: x = 1}}
          - bash: {{command: pytest}}
          - bash: {{command: git push}}
"""


@click.command(
    cls=Command,
    examples=["crossaudit policy new production", "crossaudit policy new policies/production.yaml"],
)
@click.argument("name")
def new(name: str) -> None:
    """Write a starter pack.

    It is NAME.yaml here, or the path NAME. An existing file is left alone.
    """
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    pack = path.stem
    if not _is_identifier(pack):
        raise ConfigError(
            f"{pack!r} is no name for a pack; use lower-case letters, digits and single hyphens"
        )
    text = PACK.format(name=pack, parameter=pack.replace("-", "_"), file=path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CrossauditError(
            f"{path} exists already and is left alone; choose another name, or move it away first"
        ) from None
    click.echo(f"wrote {safe(str(path))}; see 'crossaudit policy check {safe(str(path))}'")


def _is_identifier(name: str) -> bool:
    parts = name.split("-")
    plain = all(part.isascii() and part.isalnum() and part == part.lower() for part in parts)
    return plain and name[:1].isalpha()
