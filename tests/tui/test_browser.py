"""The screen in a real browser: an approval clicked through, and pages that must stay outside."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest

pytest.importorskip("textual_serve", reason="the extra `web` is not installed")

from aiohttp import web
from aiohttp.test_utils import TestServer

from orchestrator.domain.event import ApprovalAnswered
from orchestrator.ledger.reader import Reader
from tests.conftest import ROOT
from tests.tui.chromium import Tab, find_chromium, open_tab
from tests.tui.test_web import free_port

pytestmark = [
    pytest.mark.skipif(not find_chromium(), reason="no Chromium is installed"),
    pytest.mark.timeout(180),
]
PROGRAM = "from orchestrator.cli import main; main()"
AGENT = """
    import json, sys
    json.loads(sys.stdin.readline())
    call = dict(id="c1", tool="pay", arguments=dict(to="http://127.0.0.1:9/", amount=5000))
    print(json.dumps(dict(type="turn", id="1", calls=[call])), flush=True)
    answer = json.loads(sys.stdin.readline())["calls"][0]
    sys.exit({"allow": 0, "deny": 7}[answer["decision"]])
"""
HOLD_TERMINAL = """
    Object.defineProperty(Object.prototype, "fitAddon", {set(value) {
        window.shown = this.terminal;
        Object.defineProperty(this, "fitAddon", {value, writable: true});
    }});
"""
"""The page keeps its terminal to itself; its lines are what a person sees."""
LINES = """
    "shown" in window ? Array.from({length: shown.rows}, (_, row) =>
        shown.buffer.active.getLine(row).translateToString(true)) : []
"""


@pytest.fixture
def anyio_backend() -> str:
    """The browser is spoken to with aiohttp, which runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "ledger.db"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CROSSAUDIT_APPROVAL_TOKEN", "sesame")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "approval.token").write_text("sesame", "utf-8")
    return tmp_path / "ledger.db"


@pytest.fixture
def guard(ledger: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that waits for an approval."""
    agent = [sys.executable, "-c", textwrap.dedent(AGENT)]
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", "--quiet", "--", *agent], stderr=subprocess.DEVNULL
    )
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def served(ledger: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`crossaudit watch --web`, and the address it told."""
    words = ["watch", "--web", "--port", str(free_port()), "--as", "ada"]
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    yield child.stdout.readline().removeprefix("Open ").strip(), child
    child.terminate()
    child.wait(20)
    child.stdout.close()


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with open_tab(tmp_path / "chromium", HOLD_TERMINAL) as opened:
        yield opened


async def see(tab: Tab, words: str) -> list[str]:
    """Return the lines on the screen as soon as they show `words`."""
    lines: list[str] = []
    for _ in range(600):
        lines = await tab.value(LINES)
        if any(words in line for line in lines):
            return lines
        await anyio.sleep(0.05)
    pytest.fail(f"no {words!r} in:\n" + "\n".join(lines))


async def click_on(tab: Tab, words: str) -> None:
    """Click into the middle of `words`."""
    lines = await see(tab, words)
    row = next(place for place, line in enumerate(lines) if words in line)
    column = lines[row].index(words) + len(words) / 2
    box = await tab.value(
        "(({width, height, x, y}) => [x, y, width / shown.cols, height / shown.rows])"
        "(document.querySelector('.xterm-screen').getBoundingClientRect())"
    )
    await tab.click(box[0] + column * box[2], box[1] + (row + 0.5) * box[3])


async def exit_code(child: subprocess.Popen[bytes]) -> int:
    for _ in range(600):
        if (code := child.poll()) is not None:
            return code
        await anyio.sleep(0.05)
    pytest.fail("the process goes on")


async def greet(_: web.Request) -> web.Response:
    return web.Response(text="<p>hello</p>", content_type="text/html")


def is_local(address: str) -> bool:
    return address.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "about:"))


async def test_an_approval_clicked_in_the_browser_releases_the_action(
    ledger: Path,
    guard: subprocess.Popen[bytes],
    served: tuple[str, subprocess.Popen[str]],
    tab: Tab,
) -> None:
    address, _ = served
    await tab.go(address)
    assert "token" not in await tab.value("location.href + document.cookie")
    await see(tab, "press a to answer")
    await tab.type("a")  # nobody had to click into the terminal first
    await see(tab, "May pay run?")
    assert (await tab.picture()).startswith(b"\x89PNG")
    await anyio.sleep(0.6)  # a question takes no answer in its first 0.4 s
    # An address that an agent wrote is no link: nothing opens, and the question stays.
    await click_on(tab, "http://127.0.0.1:9/")
    await anyio.sleep(0.3)
    assert await tab.count_windows() == 1 and guard.poll() is None
    await click_on(tab, "Approve (y)")
    assert await exit_code(guard) == 0
    await see(tab, "approved")
    await tab.type("q")
    for _ in range(200):
        if "was left" in await tab.value("document.body.innerText"):
            break
        await anyio.sleep(0.05)
    else:
        pytest.fail("the page does not say that the screen was left")
    assert all(map(is_local, tab.requests)), tab.requests
    reader = Reader(ledger)
    facts = [event.fact for event in reader.events(reader.run_ids()[0])]
    reader.close()
    (answer,) = (fact for fact in facts if isinstance(fact, ApprovalAnswered))
    assert (answer.approval.answer, answer.approval.by) == ("approved", ("ada",))


async def test_no_other_page_reaches_the_screen(
    guard: subprocess.Popen[bytes], served: tuple[str, subprocess.Popen[str]], tab: Tab
) -> None:
    address, _ = served
    here = address.split("?")[0]
    await tab.go(here)
    assert "open the address that crossaudit printed" in await tab.value("document.body.innerText")
    await tab.go(address)
    await see(tab, "press a to answer")
    # Another server of this machine: its pages send the cookie too, since ports share cookies.
    strange = web.Application()
    strange.router.add_get("/", greet)
    async with TestServer(strange, host="127.0.0.1") as other:
        await tab.go(str(other.make_url("/")))
        socket_of = here.replace("http", "ws") + "ws?width=80&height=24"
        tried = await tab.value(
            f"new Promise(done => {{ const socket = new WebSocket({socket_of!r});"
            "socket.onopen = () => done('open'); socket.onerror = () => done('refused') })"
        )
        read = await tab.value(
            f"fetch({here!r}, {{credentials: 'include'}}).then(a => a.text(), () => 'refused')"
        )
        framed = await tab.value(
            "new Promise(done => { const frame = document.createElement('iframe');"
            "frame.onload = () => { try { done(frame.contentWindow.document.body.innerText) }"
            f" catch {{ done('refused') }} }}; frame.src = {here!r};"
            "document.body.append(frame) })"
        )
    assert (tried, read, framed) == ("refused", "refused", "refused")
    assert guard.poll() is None


async def test_ctrl_c_ends_the_server_though_a_page_is_open(
    guard: subprocess.Popen[bytes], served: tuple[str, subprocess.Popen[str]], tab: Tab
) -> None:
    address, server = served
    await tab.go(address)
    await see(tab, "press a to answer")
    server.send_signal(signal.SIGINT)
    for _ in range(200):
        if server.poll() is not None:
            break
        await anyio.sleep(0.05)
    assert server.returncode == 0
    assert guard.poll() is None
