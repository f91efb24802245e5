from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.clock import SystemClock
from orchestrator.errors import StoreError
from orchestrator.ledger import checkpoint, witness
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.memory import MemoryLedger
from orchestrator.ledger.verification import verify_ledger, verify_run
from orchestrator.ledger.witness import read_witness
from tests.ledger.edits import edit
from tests.ledger.facts import closed, opened, turn

pytestmark = pytest.mark.anyio


async def record(place: Path, told: str, runs: tuple[str, ...] = ("r",)) -> Ledger:
    ledger = Ledger.open(place / "ledger.db", witness=told)
    for run in runs:
        log = ledger.open_run(run)
        await log.append(opened())
        for index in range(4):
            await log.append(*turn(index))
        await log.append(closed())
    await ledger.aclose()
    return ledger


async def test_file_is_told_and_matches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY", 10)
    told = str(tmp_path / "witness.jsonl")
    ledger = await record(tmp_path, told, ("r", "s"))
    assert ledger.witness_failures == ()
    assert [(s.run, s.length) for s in read_witness(told)] == [
        ("r", 11), ("r", 22), ("r", 24), ("s", 11), ("s", 22), ("s", 24),
    ]  # fmt: skip
    assert [s.run for s in read_witness(told, "s")] == ["s"] * 3
    for report in verify_ledger(ledger.reader, witness=told):
        assert (report.events, report.first_bad, report.proof) == (25, None, "matches witness")


async def test_url_is_told_and_matches(tmp_path: Path) -> None:
    with serving() as (url, lines):
        ledger = await record(tmp_path, url)
        assert ledger.witness_failures == ()
        [line] = [json.loads(line) for line in lines]
        assert (line["run"], line["length"]) == ("r", 22)
        assert line["key"] == ledger.keys.fingerprint
        assert verify_run(ledger.reader, "r", witness=url).proof == "matches witness"
        assert verify_run(ledger.reader, "r", witness=url + "?of=me").proof == "matches witness"


async def test_what_only_a_witness_shows(tmp_path: Path) -> None:
    """Whoever can write the ledger and has the key can do all this unseen by anybody else."""
    told = str(tmp_path / "witness.jsonl")
    ledger = Ledger.open(tmp_path / "l.db", witness=told)
    memory = MemoryLedger(keys=ledger.keys)
    for run in ("cut", "forged", "gone"):
        log = memory.open_run(run)
        await log.append(opened(), *turn(0), closed())
        await ledger.insert(log.stored)
    edit(ledger, "DELETE FROM events WHERE run = 'cut' AND seq > 3")
    edit(ledger, "DELETE FROM verdicts WHERE run = 'cut' AND seq > 3")
    edit(ledger, "DELETE FROM decisions WHERE run = 'cut' AND seq > 3")
    edit(
        ledger,
        "UPDATE runs SET events = 4, allowed = 0, observed = 0, how = NULL, why = NULL, "
        "closed = NULL WHERE run = 'cut'",
    )
    for table in ("events", "runs", "verdicts", "decisions"):
        edit(ledger, f"DELETE FROM {table} WHERE run IN ('gone', 'forged')")
    again = MemoryLedger(keys=ledger.keys).open_run("forged")
    await again.append(opened(agent="somebody else"), *turn(0), closed())
    await Ledger.open(tmp_path / "l.db").insert(again.stored)
    await ledger.aclose()

    unseen = list(verify_ledger(ledger.reader, keys=ledger.keys))
    assert [(r.run, r.proof) for r in unseen] == [
        ("cut", "chain intact"),
        ("forged", "signed to event 6"),
    ]
    seen = list(verify_ledger(ledger.reader, keys=ledger.keys, witness=told))
    assert [(r.run, r.first_bad, r.why) for r in seen] == [
        ("cut", 4, "the end is cut off: the witness was told of 7 events"),
        ("forged", 6, "the witness was told another hash"),
        ("gone", 0, "the end is cut off: the witness was told of 7 events"),
    ]
    assert verify_run(ledger.reader, "gone", witness=told).first_bad == 0


async def test_witness_that_was_never_told_of_a_run(tmp_path: Path) -> None:
    ledger = await record(tmp_path, str(tmp_path / "one"))
    (tmp_path / "two").touch()
    report = verify_run(ledger.reader, "r", keys=ledger.keys, witness=str(tmp_path / "two"))
    assert (report.proof, report.why) == (
        "signed to event 21",
        "the witness was told nothing of this run",
    )


@pytest.mark.parametrize("told", ["http://127.0.0.1:1/", "/dev/null/not/a/file"])
async def test_witness_that_fails_holds_nothing_up(tmp_path: Path, told: str) -> None:
    ledger = await record(tmp_path, told)
    [failure] = ledger.witness_failures
    assert failure.startswith(f"the witness {told} was not told of r:22: ")
    assert verify_run(ledger.reader, "r", keys=ledger.keys).proof == "signed to event 21"
    with pytest.raises(StoreError, match=f"the witness {told} cannot be read"):
        read_witness(told)


async def test_slow_witness_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(witness, "CLOSING_S", 0.1)
    clock = SystemClock()
    with serving(answers=False) as (url, _):
        ledger = Ledger.open(tmp_path / "l.db", witness=url)
        before = clock.monotonic()
        for number in range(5):
            await ledger.open_run(f"r{number}").append(opened(), closed())
        assert clock.monotonic() - before < 0.8, "waiting for each would take a second"
        await ledger.aclose()
        assert clock.monotonic() - before < 3
    assert len(ledger.witness_failures) == 5
    assert "not reached before the ledger was closed" in ledger.witness_failures[-1]


@pytest.mark.parametrize("line", ["[]", "{}", "{", '{"run": "r", "length": 1}', "null"])
def test_line_that_is_no_statement_is_named(tmp_path: Path, line: str) -> None:
    told = tmp_path / "witness.jsonl"
    told.write_text('{"run": "r", "length": 1, "head": "00"}\n\n' + line + "\n")
    with pytest.raises(
        StoreError, match=r"witness\.jsonl:3: is not a line that a witness was told"
    ):
        read_witness(str(told))


@contextmanager
def serving(answers: bool = True) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the URL of a witness on this machine, and what it was told."""
    lines: list[bytes] = []
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not answers:
                release.wait(5)
                return
            lines.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def do_GET(self) -> None:
            [run] = parse_qs(urlsplit(self.path).query)["run"]
            self.send_response(200)
            self.end_headers()
            for line in lines:
                if json.loads(line)["run"] == run:
                    self.wfile.write(line + b"\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", lines
    finally:
        release.set()
        server.shutdown()
        thread.join()
        server.server_close()
