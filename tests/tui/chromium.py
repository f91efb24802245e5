"""A headless Chromium for tests, spoken to over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from aiohttp import ClientSession, ClientWebSocketResponse

NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--headless=new", "--no-sandbox", "--remote-debugging-port=0", "--disable-gpu",
    "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
    "--window-size=1000,640",
)  # fmt: skip


def find_chromium() -> str | None:
    """Return the program, or None where none is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One tab: what it asks for is noted, keys and clicks go in, values of scripts come out."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        """Every address that anything in the tab asked for, refused or not."""
        self._socket = socket
        self._asked = 0

    async def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result; what happens meanwhile is noted."""
        self._asked += 1
        await self._socket.send_json({"id": self._asked, "method": method, "params": parameters})
        while True:
            said = json.loads(await self._socket.receive_str(timeout=30))
            match said.get("method"):
                case "Network.requestWillBeSent":
                    self.requests.append(said["params"]["request"]["url"])
                case "Network.webSocketCreated":
                    self.requests.append(said["params"]["url"])
            if said.get("id") == self._asked:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    async def go(self, address: str) -> None:
        """Open an address and wait until the page has loaded."""
        await self.do("Page.navigate", url=address)
        for _ in range(600):
            here = await self.value("location.href + ' ' + document.readyState")
            if here.endswith(" complete") and not here.startswith("about:"):
                return
            await anyio.sleep(0.05)
        raise TimeoutError(address)

    async def value(self, script: str) -> Any:
        """Return what a script comes to; a promise is waited for."""
        found = await self.do(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def type(self, text: str) -> None:
        """Press the keys of some letters."""
        for letter in text:
            await self.do("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            await self.do("Input.dispatchKeyEvent", type="keyUp", key=letter)

    async def click(self, x: float, y: float) -> None:
        """Press and release the left button."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = "none" if kind == "mouseMoved" else "left"
            await self.do(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=1
            )

    async def count_windows(self) -> int:
        """Return how many tabs and windows there are, this one among them."""
        found = await self.do("Target.getTargets")
        return sum(one["type"] == "page" for one in found["targetInfos"])

    async def picture(self) -> bytes:
        """Return what the tab shows, as PNG."""
        return base64.b64decode((await self.do("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def open_tab(folder: Path, script: str = "") -> AsyncIterator[Tab]:
    """Start Chromium with its state in `folder`; `script` runs before those of every page."""
    child = _start(folder)
    try:
        with anyio.fail_after(60):
            port = await _read_port(folder / "DevToolsActivePort")
        async with ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            address = pages[0]["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Network", "Runtime"):
                    await tab.do(f"{domain}.enable")
                await tab.do("Page.addScriptToEvaluateOnNewDocument", source=script)
                yield tab
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _start(folder: Path) -> subprocess.Popen[bytes]:
    program = find_chromium()
    assert program
    return subprocess.Popen(
        [program, *SWITCHES, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _read_port(path: Path) -> str:
    while True:
        with suppress(OSError):
            if port := (await anyio.Path(path).read_text("utf-8")).split("\n")[0]:
                return port
        await anyio.sleep(0.05)
