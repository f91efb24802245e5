"""The same cockpit in a browser on this machine, behind a token.

textual-serve has no access control of its own. In front of every route stands a check of the token,
of the host that was asked for and, for the websocket, of the page that opened it.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - aiohttp runs on nothing else
import hmac
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

HOST = "127.0.0.1"
COOKIE = "crossaudit_token"
HEADERS = {
    # Nothing leaves this machine. In the sandbox no window opens: the terminal makes a link of
    # every address it shows, and what it shows was written by strangers.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'; "
    "form-action 'none'; sandbox allow-scripts allow-same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
PAGE = Path(__file__).parent / "page"
"""Ours: the one of textual-serve asks another host for a font, and has to be clicked into."""
LEAVING_SECONDS = 5.0
"""How long the screens of open pages hold up the end, at most."""
REAPING_SECONDS = 0.2


def serve_web(command: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve `command`, a program that shows a Textual app, until interrupted."""
    token = secrets.token_urlsafe(24)
    with socket.create_server((HOST, port)) as listening:
        announce(f"http://{HOST}:{port}/?token={token}")
        site = make_site(command, port, token)
        web.run_app(site, sock=listening, print=None, shutdown_timeout=REAPING_SECONDS)


async def make_site(command: str, port: int, token: str) -> Any:
    """Return the site: textual-serve's, with the check in front of all of it."""
    server = Server(command, host=HOST, port=port, title="crossaudit", templates_path=PAGE)
    site = await server._make_app()  # it has no public place to put a middleware
    site.on_startup.clear()  # the banner would repeat the command
    screens: set[asyncio.Task[Any]] = set()
    site.middlewares.append(web.middleware(_checker(port, token, screens)))

    async def leave(_: Any) -> None:
        for screen in screens:
            screen.cancel()
        if screens:
            await asyncio.wait(screens, timeout=LEAVING_SECONDS)
            await asyncio.sleep(REAPING_SECONDS)  # their processes have ended: take note of it

    site.on_shutdown.append(leave)
    return site


def _checker(port: int, token: str, screens: set[asyncio.Task[Any]]) -> Middleware:
    """Return the check in front of every route; what serves a websocket is put into `screens`."""
    here = f"{HOST}:{port}"

    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
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
        if is_socket and (task := asyncio.current_task()):
            screens.add(task)
            task.add_done_callback(screens.discard)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    return check


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
