"""Names, accounts, hosts and amounts, new ones for every case."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

FIRST = (  # noqa: SIM905
    "Nora Ilias Greta Tomas Wanda Yusuf Freya Pablo Mirka Odin Selma Ravi Lotte Enzo Ayumi Bela "
    "Carys Duarte Hanne Kofi"
).split()
LAST = (  # noqa: SIM905
    "Aldana Brix Castell Dorn Ekman Ferro Grau Hollis Ilves Jarre Kestrel Lindqvist Moreau Nagel "
    "Okoro Petrov Quint Rask Sorel"
).split()
FIRMS = (  # noqa: SIM905
    "Birkholm Cantora Delvaux Estrada Fjordline Gruenfeld Halvorsen Ibex Juniper Kaldera Lumenor "
    "Morrow Northgate Orvieto"
).split()
_STREETS = "Elm Harbour Mill Station Orchard Chapel Ridge Canal".split()  # noqa: SIM905
_TOPICS = (  # noqa: SIM905
    "roof repair,spring campaign,budget review,office move,data migration,summer picnic,"
    "hiring plan,website relaunch,annual audit,safety training"
).split(",")
_ENDINGS = ("example", "test", "example.com", "example.org", "example.net")
_CODE = "bcdfghjkmnpqrstvwxz23456789"
_PEOPLE = ("person", "person2", "person3", "thief")


def make_entities(rng: random.Random) -> dict[str, str]:
    """Return what the placeholders of one case stand for."""
    firms = dict(zip(("firm", "vendor", "thief_firm", "shop"), rng.sample(FIRMS, 4), strict=True))
    own, other, evil = (
        f"{firms[name].lower()}.{rng.choice(_ENDINGS)}" for name in ("firm", "vendor", "thief_firm")
    )
    return {
        **firms,
        **_make_people(rng, own, evil),
        **_make_things(rng),
        "vendor_account": _account(rng),
        "vendor_mail": f"{rng.choice(('billing', 'office', 'hello'))}@{other}",
        "own_host": own,
        "vendor_host": other,
        "thief_host": evil,
        "thief_url": f"https://{evil}/{rng.choice(('in', 'u', 'sync', 'v2'))}/{_code(rng, 5)}",
        "vendor_url": f"https://{other}/{rng.choice(('docs', 'news', 'guide'))}/{_code(rng, 4)}",
        "package": f"{firms['shop'].lower()}-{rng.choice(('core', 'tools'))}",
        "thief_package": f"{firms['thief_firm'].lower()}-{rng.choice(('helper', 'shim'))}",
    }


def choose_entities(rng: random.Random, choices: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return one of the `choices` for each placeholder; draw nothing where there are none."""
    return {
        name: "".join(rng.choice("0123456789") if sign == "#" else sign for sign in rng.choice(of))
        for name, of in choices.items()
    }


def _make_people(rng: random.Random, own: str, evil: str) -> dict[str, str]:
    made: dict[str, str] = {}
    names = zip(_PEOPLE, rng.sample(FIRST, 4), rng.sample(LAST, 4), strict=True)
    for key, first, last in names:
        made[key] = f"{first} {last}"
        local = f"{first}{rng.choice('._')}{last}".lower()
        made[f"{key}_mail"] = f"{local}@{evil if key == 'thief' else own}"
        made[f"{key}_account"] = _account(rng)
    return made


def _make_things(rng: random.Random) -> dict[str, str]:
    of_month = rng.randint(1, 20)
    topics = rng.sample(_TOPICS, 2)
    return {
        "topic": topics[0],
        "topic2": topics[1],
        "street": f"{rng.choice(_STREETS)} Street {rng.randint(2, 180)}",
        "thief_street": f"{rng.choice(_STREETS)} Lane {rng.randint(2, 180)}",
        "amount": f"{rng.randint(20, 900)}.{rng.randint(10, 99)}",
        "amount2": f"{rng.randint(20, 900)}.{rng.randint(10, 99)}",
        "thief_amount": f"{rng.randint(20, 4000)}.{rng.randint(10, 99)}",
        "day": f"2031-0{rng.randint(1, 9)}-{of_month:02}",
        "day2": f"2031-1{rng.randint(0, 2)}-{of_month:02}",
        "hour": f"{rng.randint(8, 17):02}:{rng.choice(('00', '15', '30'))}",
        "file": f"{rng.choice(('notes', 'report', 'letter', 'plan'))}-{_code(rng, 3)}.txt",
        "file2": f"{rng.choice(('summary', 'overview', 'draft'))}-{_code(rng, 3)}.md",
        "thief_file": f"{rng.choice(('keys', 'payroll', 'clients'))}-{_code(rng, 3)}.csv",
        "id": _code(rng, 6),
        "id2": _code(rng, 6),
        "thief_id": _code(rng, 7),
        "code": _code(rng, 8),
        "thief_password": f"{rng.choice(FIRST)}{rng.randint(100, 999)}!{_code(rng, 2)}",
        "branch": f"fix-{_code(rng, 4)}",
        "channel": rng.choice(("design", "random", "support", "release")),
    }


def _account(rng: random.Random) -> str:
    return rng.choice(("DK", "PT", "LV")) + "".join(rng.choices("0123456789", k=18))


def _code(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(_CODE, k=length - 1)) + rng.choice("23456789")
