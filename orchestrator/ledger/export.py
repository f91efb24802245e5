"""A run as one file that anybody can check: JSON Lines, each event in its exact bytes.

    {"hash":"<64 hex>","event":<the bytes that were hashed>}      one a line, in order
    {"end":{"run":...,"events":N,"head":"<64 hex>","key":...,"signature":...}}

Each line break is one LF and no other space stands anywhere outside the events. Several runs may
follow each other. `key` is the whole public key; key and signature are left out where unsigned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from orchestrator.domain.event import EVENT, Event
from orchestrator.errors import StoreError
from orchestrator.ledger.keys import Keys, is_signed, name_key
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.verification import ChainReport, ChainWalk

_HASH = b'{"hash":"'
_EVENT = b'","event":'
_END = b'{"end":{"run":'
_BODY = len(_HASH) + 64 + len(_EVENT)


def export_run(reader: Reader, run: str, out: BinaryIO, *, keys: Keys | None = None) -> ChainReport:
    """Write `run` to `out` and say whether its chain was good.

    A broken chain is written as it is and not signed, so that the export shows the break too.
    """
    walk, why, head, count = ChainWalk(run, keys), "", "", 0
    for stored in reader.stored(run):
        out.write(_HASH + stored.hash.encode() + _EVENT + stored.body + b"}\n")
        why = why or walk.take(stored.body, stored.hash)
        head = stored.hash
        count += 1
    if not count:
        raise StoreError(f"no run {run!r} in {reader.location}; `crossaudit runs` lists them")
    out.write(_trailer(run, count, head, None if why else keys))
    return walk.break_off(why) if why else walk.end()


def verify_export(source: str | Path | bytes, *, keys: Keys | None = None) -> list[ChainReport]:
    """Check every byte of an export and return a report for each run in it."""
    with _open(source) as lines:
        return list(_verify(lines, keys))


def read_export(source: str | Path | bytes) -> Iterator[Event]:
    """Yield the events of an export without checking their hashes.

    Raises StoreError at a line that is neither an event nor the end of a run.
    """
    with _open(source) as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith(_END):
                continue
            try:
                yield EVENT.validate_json(_body(line))
            except ValidationError:
                place = "export" if isinstance(source, bytes) else str(source)
                raise StoreError(
                    f"{place}:{number}: is not an event of a crossaudit export"
                ) from None


def read_stored(line: bytes) -> tuple[bytes, str] | None:
    """Return body and hash of a line of an export; None where it is the end of a run."""
    if line.startswith(_END):
        return None
    return _body(line), line[len(_HASH) : len(_HASH) + 64].decode("ascii", "replace")


def _verify(lines: Iterable[bytes], keys: Keys | None) -> Iterator[ChainReport]:
    walk: ChainWalk | None = None
    seen: set[str] = set()
    broken = False
    for line in lines:
        walk = walk or ChainWalk(_run_of(line), keys)
        ends = line.startswith(_END)
        if not broken and (why := _end(walk, line) if ends else _take(walk, line)):
            broken = True
            yield walk.break_off(why)
        if ends:
            if not broken:
                again = walk.run in seen
                yield walk.break_off("the run appears twice", 0) if again else walk.end()
            seen.add(walk.run)
            walk, broken = None, False
    if walk and not broken:
        yield walk.break_off("the end of the run is cut off")
    if not (seen or walk):
        yield ChainWalk("").break_off("there is no run in it")


def _take(walk: ChainWalk, line: bytes) -> str:
    hash = line[len(_HASH) : len(_HASH) + 64]
    if not (line.startswith(_HASH) and line[:_BODY].endswith(_EVENT) and line.endswith(b"}\n")):
        return "its line is not written as an export is"
    return walk.take(_body(line), hash.decode("ascii", "replace"))


def _end(walk: ChainWalk, line: bytes) -> str:
    key, signature = _signature_of(line)
    if line != _write_trailer(walk.run, walk.count, walk.head.hex(), key, signature):
        return "the last line of the run is not the one that belongs to it"
    if key:
        if not is_signed(key, _message(walk.run, walk.count, walk.head.hex()), signature):
            return "the signature in the last line of the run is wrong"
        walk.sign(name_key(key))
    return ""


def _body(line: bytes) -> bytes:
    return line[_BODY:-2]


def _run_of(line: bytes) -> str:
    try:
        return EVENT.validate_json(_body(line)).run
    except ValidationError:
        return ""


def _trailer(run: str, count: int, head: str, keys: Keys | None) -> bytes:
    key, signature = "", ""
    if keys and keys.public:
        key, (_, signature) = keys.public, keys.sign(_message(run, count, head))
    return _write_trailer(run, count, head, key, signature)


def _write_trailer(run: str, count: int, head: str, key: str, signature: str) -> bytes:
    end: dict[str, Any] = {"run": run, "events": count, "head": head}
    if key:
        end |= {"key": key, "signature": signature}
    text = json.dumps({"end": end}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _signature_of(line: bytes) -> tuple[str, str]:
    try:
        end = json.loads(line)["end"]
        key, signature = end.get("key", ""), end.get("signature", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", ""
    return (key, signature) if isinstance(key, str) and isinstance(signature, str) else ("", "")


def _message(run: str, count: int, head: str) -> bytes:
    """Return the bytes an export signs: never those of a checkpoint, which attests more."""
    return f"crossaudit export 1\n{run}\n{count}\n{head}\n".encode()


def _open(source: str | Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return BytesIO(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise StoreError(f"{source} cannot be read: {error.strerror}") from None
