"""The same cockpit in a browser on this machine, behind a token.

textual-serve has no access control of its own. In front of every route stands a check of the token,
of the host that was asked for and, for the websocket, of the page that opened it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web
from textual_serve.server import Server

HOST = "127.0.0.1"
COOKIE = "crossaudit_token"
HEADERS = {
    # The page of textual-serve asks another host for a font: nothing may leave this machine.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
Handler: TypeAlias = Callable[[Any], Awaitable[Any]]


def serve_web(command: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve `command`, a program that shows a Textual app, until interrupted."""
    token = secrets.token_urlsafe(24)
    announce(f"http://{HOST}:{port}/?token={token}")
    web.run_app(make_site(command, port, token), host=HOST, port=port, print=None)


async def make_site(command: str, port: int, token: str) -> Any:
    """Return the site: textual-serve's, with the check in front of all of it."""
    server = Server(command, host=HOST, port=port, title="crossaudit")
    site = await server._make_app()  # it has no public place to put a middleware
    site.on_startup.clear()  # the banner would repeat the command
    site.middlewares.append(web.middleware(_checker(port, token)))
    return site


def _checker(port: int, token: str) -> Callable[[Any, Handler], Awaitable[Any]]:
    here = f"{HOST}:{port}"

    async def check(request: Any, handler: Handler) -> Any:
        if request.headers.get("Host") != here:
            raise web.HTTPForbidden(text="asked for under another name")
        given = request.query.get("token", "")
        if request.path == "/" and _is_same(given, token):
            entered = web.HTTPFound("/")
            entered.set_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/")
            raise entered
        if not _is_same(request.cookies.get(COOKIE, ""), token):
            raise web.HTTPForbidden(text="open the address that crossaudit printed")
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        if is_socket and request.headers.get("Origin") != f"http://{here}":
            raise web.HTTPForbidden(text="opened by another page")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    return check


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
