"""Hosts as calls name them, in one form: whatever disguise an address wears, it is the address."""

from __future__ import annotations

import functools
import ipaddress
from typing import NamedTuple, TypeAlias

from yarl import URL

from orchestrator.rules.schema import HostClass

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA_NAMES = frozenset((
    "metadata", "metadata.goog", "metadata.google.internal", "metadata.azure.internal",
    "metadata.tencentyun.com", "instance-data", "instance-data.ec2.internal",
))  # fmt: skip
_METADATA_ADDRESSES = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
        ),
    )
)
_WILDCARD_DNS = (".nip.io", ".sslip.io", ".xip.io", ".localtest.me", ".lvh.me")


class Host(NamedTuple):
    """A host, comparable."""

    name: str
    """Lower case and ASCII (punycode); an address in its usual form."""
    scheme: str
    classes: frozenset[HostClass]


@functools.lru_cache(maxsize=4096)
def read_url(text: str) -> Host | None:
    """Return the host of a URL, or of `host`, `host:port` or `user@host`; None if there is none."""
    text = text.strip()
    scheme, has_scheme, rest = text.partition("://")
    if not has_scheme:
        scheme, rest = "", text
    authority = rest.replace("\\", "/").split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    tricks: set[HostClass] = set()
    if "\\" in rest.split("?", 1)[0]:
        tricks.add("disguised")
    user, has_user, authority = authority.rpartition("@")
    if has_user and "." in user and has_scheme:
        tricks.add("disguised")  # https://bank.example@evil.example/
    name = _without_port(authority)
    if not name:
        return None
    return classify_host(name, scheme.lower(), frozenset(tricks))


@functools.lru_cache(maxsize=4096)
def classify_host(name: str, scheme: str = "", tricks: frozenset[HostClass] = frozenset()) -> Host:
    """Return the host in its one form, with what is known of it."""
    classes: set[HostClass] = set(tricks)
    name = _decode_percent(name).lower().rstrip(".")
    address, is_odd = _read_address(name)
    if address is None:
        try:
            ascii_name = URL.build(scheme="http", host=name).raw_host or name
        except ValueError:
            ascii_name = name
        if ascii_name.startswith("xn--") or ".xn--" in ascii_name:
            classes.add("disguised")
        embedded = _find_embedded(ascii_name)
        if embedded is not None:
            classes |= _classify_address(embedded) | {"disguised"}
        if ascii_name in _METADATA_NAMES:
            classes.add("metadata")
        if ascii_name == "localhost" or ascii_name.endswith(".localhost"):
            classes.add("loopback")
        if ascii_name.endswith((".internal", ".local", ".lan", ".intranet", ".corp")):
            classes.add("private")
        return Host(ascii_name, scheme, frozenset(classes))
    if is_odd:
        classes.add("disguised")
    return Host(str(address), scheme, frozenset(classes | _classify_address(address) | {"address"}))


def _classify_address(address: _Address) -> set[HostClass]:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    classes: set[HostClass] = set()
    if inner in _METADATA_ADDRESSES or inner.is_link_local:
        classes.add("metadata")
    elif inner.is_loopback or inner.is_unspecified:
        classes.add("loopback")
    elif inner.is_private and not inner.is_link_local:
        classes.add("private")
    return classes


def _read_address(name: str) -> tuple[_Address | None, bool]:
    """Read an address in any form the C library takes; say whether the form is unusual."""
    bare = name.strip("[]").split("%", 1)[0]
    try:
        return ipaddress.ip_address(bare), False
    except ValueError:
        pass
    parts = bare.split(".")
    if not 1 <= len(parts) <= 4 or not all(parts):
        return None, False
    try:
        numbers = [_read_number(part) for part in parts]
    except ValueError:
        return None, False
    *heads, tail = numbers
    if any(head > 255 for head in heads) or tail >= 256 ** (5 - len(parts)):
        return None, False
    value = tail
    for place, head in enumerate(heads):
        value += head << (24 - 8 * place)
    return ipaddress.IPv4Address(value), True


def _read_number(text: str) -> int:
    if not text.isascii() or not text[0].isdigit():
        raise ValueError(text)
    if text.startswith("0x"):
        return int(text, 16)
    return int(text, 8) if text.startswith("0") and len(text) > 1 else int(text)


def _find_embedded(name: str) -> _Address | None:
    """Return the address in a name of a public service that resolves to what it is called."""
    for suffix in _WILDCARD_DNS:
        if name.endswith(suffix):
            labels = name.removesuffix(suffix).replace("-", ".").split(".")
            try:
                return ipaddress.ip_address(".".join(labels[-4:]))
            except ValueError:
                return ipaddress.ip_address("127.0.0.1") if suffix.endswith(".me") else None
    return None


def _without_port(authority: str) -> str:
    if authority.startswith("["):
        return authority[1:].split("]", 1)[0]
    if authority.count(":") == 1:
        return authority.split(":", 1)[0]
    return authority


def _decode_percent(name: str) -> str:
    if "%" not in name:
        return name
    from urllib.parse import unquote

    return unquote(name)
