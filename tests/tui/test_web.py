"""The browser's way in: nothing without the token, no other host name, no other page."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("textual_serve", reason="the extra `web` is not installed")

from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from tui.web import COOKIE, make_site


@pytest.fixture
def anyio_backend() -> str:
    """The server runs on asyncio alone."""
    return "asyncio"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def test_every_route_asks_for_the_token_and_the_socket_for_its_page() -> None:
    port = free_port()
    server = TestServer(await make_site("true", port, "sesame"), host="127.0.0.1", port=port)
    await server.start_server()
    here = f"http://127.0.0.1:{port}"
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor:

        async def status(path: str, **headers: str) -> int:
            async with visitor.get(here + path, headers=headers, allow_redirects=False) as answer:
                return answer.status

        for path in ("/", "/ws", "/static/js/textual.js", "/download/x", "/?token=other"):
            assert await status(path) == 403
        assert await status("/?token=sesame", Host="elsewhere:80") == 403
        assert await status("/?token=sesame") == 302
        assert await status("/") == 200
        assert await status("/static/js/textual.js") == 200
        assert await status("/", Host=f"rebound.example:{port}") == 403
        assert await status("/ws", Origin="http://elsewhere", **upgrade) == 403
        assert await status("/ws", **upgrade) == 403
        async with visitor.get(here) as page:
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        cookies = {c.key: c for c in visitor.cookie_jar}
        assert cookies[COOKIE]["httponly"] and cookies[COOKIE]["samesite"] == "Strict"
    await server.close()
