"""The server: each request takes the next step of a script, and is kept to be looked at."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import anyio
from anyio.abc import SocketAttribute, SocketStream

from tests.loopback.protocols import Asked, Body, Said, render


@dataclass(frozen=True)
class Sent:
    """What goes over the wire, and how it ends."""

    body: Body
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    keep: int | None = None
    """Pieces of the body that are sent at all; None is all."""
    end: str = "whole"  # whole, short (closed before the announced length), reset


Step: TypeAlias = Callable[[Asked], Sent]


def says(text: str = "", **said: object) -> Step:
    """Answer properly."""
    return lambda asked: Sent(render(asked, Said(text, **said)))  # type: ignore[arg-type]


def fails(
    status: int, message: str = "no", headers: dict[str, str] | None = None, **more: object
) -> Step:
    """Answer with an error status."""
    error = {"message": message, "type": "error", **more}
    body = Body((json.dumps({"type": "error", "error": error}).encode(),))
    return lambda _: Sent(body, status, tuple((headers or {}).items()))


def raw(text: str, kind: str = "application/json") -> Step:
    """Answer 200 with any text, as an event stream where a stream was asked for."""
    return lambda asked: Sent(Body((text.encode(),), "text/event-stream" if asked.stream else kind))


def late(seconds: float, step: Step) -> Step:
    """Take a step after a while."""
    return lambda asked: replace(step(asked), delay_s=seconds)


def cut(step: Step, share: float = 0.5, end: str = "whole") -> Step:
    """Send a share of the pieces and end: cleanly, short of the length, or by reset."""

    def take(asked: Asked) -> Sent:
        sent = step(asked)
        pieces = sent.body.pieces
        if len(pieces) == 1:
            middle = int(len(pieces[0]) * share)
            pieces = (pieces[0][:middle], pieces[0][middle:])
            return replace(sent, body=replace(sent.body, pieces=pieces), keep=1, end=end)
        return replace(sent, keep=max(1, int(len(pieces) * share)), end=end)

    return take


def refuses(words: dict[str, str], step: Step, status: int = 400) -> Step:
    """Refuse requests made by the rungs that are named, each with its message."""
    return lambda a: fails(status, words[a.rung])(a) if a.rung in words else step(a)


class Loopback:
    """A running server; the last step of a script repeats."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.port = port
        self._script: list[Step] = []
        self._ready = threading.Event()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, *steps: Step) -> None:
        """Take these steps from the next request on."""
        self.asked.clear()
        self._script = list(steps)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        self._stop()
        self._thread.join(10)

    async def _serve(self) -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=self.port)
        self.port = listener.extra(SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks, anyio.from_thread.BlockingPortal() as portal:
            self._stop = lambda: portal.call(tasks.cancel_scope.cancel)
            self._ready.set()
            async with listener:
                await listener.serve(self._talk, tasks)

    async def _talk(self, stream: SocketStream) -> None:
        buffer = b""
        async with stream:
            try:
                while True:
                    asked, buffer = await _receive(stream, buffer)
                    self.asked.append(asked)
                    step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                    if not await _send(stream, step(asked)):
                        return
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return


@contextmanager
def serving() -> Iterator[Loopback]:
    """Run a server in a thread of its own."""
    server = Loopback()
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def _receive(stream: SocketStream, buffer: bytes) -> tuple[Asked, bytes]:
    while b"\r\n\r\n" not in buffer:
        buffer += await stream.receive()
    head, _, buffer = buffer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    while len(buffer) < length:
        buffer += await stream.receive()
    try:
        body = json.loads(buffer[:length] or b"{}")
    except ValueError:
        body = {"raw": buffer[:length].decode("utf-8", "replace")}
    return Asked(first.split(" ")[1].partition("?")[0], headers, body), buffer[length:]


async def _send(stream: SocketStream, sent: Sent) -> bool:
    """Say whether the connection can be used again."""
    await anyio.sleep(sent.delay_s)
    streamed = sent.body.kind == "text/event-stream"
    lines = [f"HTTP/1.1 {sent.status} X", f"content-type: {sent.body.kind}"]
    lines += [f"{name}: {value}" for name, value in sent.headers]
    lines.append("connection: close" if streamed else f"content-length: {len(sent.body.whole)}")
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    if not streamed and sent.keep is None:
        await stream.send(head + sent.body.whole)
        return sent.end == "whole"
    await stream.send(head)
    for piece in sent.body.pieces[: sent.keep]:
        await stream.send(piece)
    if sent.end == "reset":
        await anyio.sleep(0.02)  # what was sent shall arrive before the reset
        raw_socket = stream.extra(SocketAttribute.raw_socket)
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def main() -> None:
    """Serve one good answer for ever, in a process of its own; print the port."""
    server = Loopback()
    server.play(says(sys.argv[1]))
    server.start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
