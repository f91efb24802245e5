from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.ledger.keys import Keys, is_signed, name_key


def test_made_once_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "home"
    first, second = Keys(folder), Keys(folder)
    assert first.fingerprint == second.fingerprint == name_key(first.public)
    assert first.hmac_key == second.hmac_key
    assert len(first.hmac_key) == 32
    assert sorted(path.name for path in folder.iterdir()) == ["hmac.key", "signing.key"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_home_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSAUDIT_HOME", str(tmp_path / "elsewhere"))
    assert Keys().folder == tmp_path / "elsewhere"
    monkeypatch.delenv("CROSSAUDIT_HOME")
    assert Keys().folder == Path.home() / ".crossaudit"


def test_signature_is_of_these_bytes_by_this_key(tmp_path: Path) -> None:
    keys, other = Keys(tmp_path / "a"), Keys(tmp_path / "b")
    fingerprint, signature = keys.sign(b"message")
    assert fingerprint == keys.fingerprint
    assert is_signed(keys.public, b"message", signature)
    assert not is_signed(keys.public, b"massage", signature)
    assert not is_signed(other.public, b"message", signature)
    assert not is_signed(keys.public, b"message", signature.upper())
    assert not is_signed(keys.public.upper(), b"message", signature)
    assert not is_signed("no key", b"message", signature)


def test_unsigned_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    keys = Keys(tmp_path / "file" / "home")
    assert keys.sign(b"message") == ("", "")
    assert keys.fingerprint == keys.public == ""
    assert keys.hmac_key == keys.hmac_key
    assert len(keys.hmac_key) == 32


def test_survives_the_way_to_another_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "home", tmp_path / "file" / "home"):
        keys = Keys(folder)
        keys.sign(b"message")
        assert pickle.loads(pickle.dumps(keys)).hmac_key == keys.hmac_key


@pytest.mark.parametrize("content", [b"", b"abc", b"zz" * 32, b"\xff\xfe", os.urandom(16)])
def test_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "signing.key").write_bytes(content)
    with pytest.raises(StoreError, match=r"signing\.key is not a key of crossaudit"):
        Keys(tmp_path).sign(b"message")
