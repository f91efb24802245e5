"""Commands of the people who are asked: list what waits, and answer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import pad, safe
from orchestrator.errors import ApprovalError

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.domain.decision import Request
    from orchestrator.domain.value import JsonObject
    from orchestrator.ledger.inbox import Reply
    from orchestrator.ledger.reader import Reader

TOKEN_FILE = "approval.token"


@click.command(
    cls=Command,
    examples=[
        "crossaudit approvals",
        "crossaudit approvals --json",
        "crossaudit approvals --new-token",
    ],
)
@with_config(ledger=True)
@click.option("--json", "as_json", is_flag=True, help="Write JSON Lines for a program.")
@click.option("--new-token", is_flag=True, help="Make the token that lets a program answer.")
def approvals(loaded: Loaded, as_json: bool, new_token: bool) -> None:
    """List the actions that wait for a person, oldest first."""
    from orchestrator.ledger.reader import Reader

    if new_token:
        _make_token()
        return
    waiting = Reader(loaded.config.ledger.path).pending()
    for run, request in waiting:
        if as_json:
            click.echo(json.dumps({"run": run, **request.model_dump(mode="json")}))
        else:
            arguments = json.dumps(request.arguments, ensure_ascii=False)
            until = f"until {request.deadline:%H:%M:%S}Z" if request.deadline else "no deadline"
            click.echo(
                f"{safe(request.id)}  {pad(request.tool, 14)} {until}, then {request.on_timeout}"
            )
            click.echo(f"    {safe(arguments, 160)}")
            click.echo(f"    why it waits: {safe(request.reason, 160)}")
    if not waiting and not as_json:
        click.echo("Nothing waits.")


Callback: TypeAlias = Callable[..., Any]


def _answer_command(name: str, line: str, example: str) -> Callable[[Callback], Command]:
    def decorate(callback: Callback) -> Command:
        callback = click.option(
            "--token", metavar="TOKEN", help="Approval token, where there is no terminal."
        )(callback)
        callback = click.option("--reason", default="", help="Why; recorded with the answer.")(
            callback
        )
        callback = click.option("--as", "by", required=True, metavar="NAME", help="Who you are.")(
            callback
        )
        callback = click.argument("id")(with_config(ledger=True)(callback))
        return click.command(cls=Command, name=name, examples=[example], help=line)(callback)

    return decorate


@_answer_command(
    "approve",
    "Let a waiting action run.",
    "crossaudit approve 20260101-120000-ab12cd.t3.0 --as ada",
)
def approve(loaded: Loaded, id: str, by: str, reason: str, token: str | None) -> None:
    """Let a waiting action run."""
    _answer(loaded, id, "approve", by, reason, token)


@_answer_command(
    "deny",
    "Refuse a waiting action.",
    'crossaudit deny 20260101-120000-ab12cd.t3.0 --as ada --reason "wrong account"',
)
def deny(loaded: Loaded, id: str, by: str, reason: str, token: str | None) -> None:
    """Refuse a waiting action."""
    _answer(loaded, id, "deny", by, reason, token)


@_answer_command(
    "edit",
    "Let a waiting action run with other arguments, which meet the rules again.",
    "crossaudit edit 20260101-120000-ab12cd.t3.0 --as ada --arguments '{\"amount\": 200}'",
)
@click.option("--arguments", help="The arguments as a JSON object; else your editor opens.")
def edit(
    loaded: Loaded, id: str, by: str, reason: str, token: str | None, arguments: str | None
) -> None:
    """Let a waiting action run with other arguments."""
    _answer(loaded, id, "edit", by, reason, token, arguments=arguments)


def _answer(
    loaded: Loaded,
    id: str,
    reply: Reply,
    by: str,
    reason: str,
    token: str | None,
    arguments: str | None = None,
) -> None:
    from orchestrator.ledger.keys import Keys
    from orchestrator.ledger.ledger import Ledger
    from orchestrator.oversight.approvals import check_approver

    check_approver(by, token=token, token_file=Keys().folder / TOKEN_FILE)
    ledger = Ledger.open(loaded.config.ledger.path, create=False)
    try:
        run, request = _find(ledger.reader, id)
        new = _read_arguments(request, arguments) if reply == "edit" else None
        ledger.send(run, request.id, reply, by=by, reason=reason, arguments=new)
    finally:
        ledger.close()
    click.echo(f"{reply} sent to {run} as {safe(by)}; `crossaudit show {run}` says what came of it")


def _find(reader: Reader, id: str) -> tuple[str, Request]:
    waiting = reader.pending()
    found = [(run, request) for run, request in waiting if request.id == id]
    found = found or [(run, request) for run, request in waiting if request.id.startswith(id)]
    if len(found) != 1:
        what = "several waiting actions begin with" if found else "nothing waits as"
        raise ApprovalError(f"{what} {id!r}; `crossaudit approvals` lists what waits")
    return found[0]


def _read_arguments(request: Request, text: str | None) -> JsonObject:
    if text is None:
        before = json.dumps(request.arguments, indent=2, ensure_ascii=False)
        text = click.edit(before, extension=".json")
        if text is None:
            raise ApprovalError("nothing was changed, so nothing was sent")
    try:
        new = json.loads(text)
    except ValueError as error:
        raise ApprovalError(f"the new arguments are not JSON: {error}") from None
    if not isinstance(new, dict):
        raise ApprovalError("the new arguments are not a JSON object")
    return new


def _make_token() -> None:
    from orchestrator.ledger.keys import Keys

    path = Keys().folder / TOKEN_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(token := secrets.token_urlsafe(24), "utf-8")
    click.echo(token)
    click.echo(f"Kept in {path}. Give it to people's programs, never to an agent.", err=True)
