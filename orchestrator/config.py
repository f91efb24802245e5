"""The configuration: one frozen value, merged from a profile, a file and flags.

`crossaudit.toml` is found upward from the working directory. A profile in `policies/profiles` is a
file of the same shape that stands below it; `Config` itself gives what neither says. An unknown
key or a wrong type is an error with file, line and the nearest valid word.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestrator.errors import ConfigError

# Above 300 lines: every section stands beside the merging that gives it its values.
FILE_NAME = "crossaudit.toml"
DEFAULT_LEDGER = "runs/ledger.db"

Keys: TypeAlias = tuple[str, ...]
LocalKind: TypeAlias = Literal["provenance", "justification", "oversight", "baseline", "activation"]
AuditorKind: TypeAlias = LocalKind | Literal["model"]


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Rules(Section):
    """Which rules run, and what they need to know of the place."""

    packs: tuple[str, ...] = ("*",)
    """Names of shipped packs, or paths of pack files; `*` is every shipped pack."""
    root: str | None = None
    """The directory the agent may work in; None is the guard's working directory when live, and
    what the recording says when replayed."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Values the packs leave open: limits, allowed hosts, own mail domains."""


class Gate(Section):
    """How opinions become a decision."""

    enforce: bool = True
    """False holds nothing: everything is judged and recorded, every action is allowed."""
    escalate_at: float = Field(0.5, ge=0.0)
    """Combined suspicion from which an action waits for a human."""
    deny_at: float = Field(1.01, ge=0.0)
    """Combined suspicion from which an action is denied; above 1, only rules deny alone."""
    deadline_s: float = Field(20.0, gt=0.0)
    """Seconds the auditors of one turn that are models have in all."""
    on_timeout: Literal["escalate", "deny"] = "escalate"
    """What an action comes to below the quorum; one that cannot be undone is denied."""
    results: Literal["flag", "mask", "withhold"] = "flag"
    """What happens to instructions in a tool result: noted, masked, or the result withheld."""
    justification: Literal["off", "optional", "required"] = "off"
    strikes: int = Field(3, ge=0)
    """Denials by one clause that terminate the run; 0 never does."""


class Approvals(Section):
    """How a human is asked."""

    deadline_s: float = Field(300.0, gt=0.0)
    on_timeout: Literal["deny", "wait"] = "deny"


class LedgerConfig(Section):
    """Where and how facts are kept."""

    path: str = DEFAULT_LEDGER
    """A file, or a PostgreSQL URL; a relative one is taken from the configuration file's folder."""
    durability: Literal["normal", "full"] = "normal"
    """`normal` survives `kill -9` of the guard; `full` also a loss of power."""
    witness: str | None = None
    """A file or URL outside the ledger that is told of every checkpoint."""


class Privacy(Section):
    """What is left out of the record."""

    keep_results: bool = True
    """False records only a hash of each tool result."""
    extra_secrets: tuple[str, ...] = ()
    """RE2 patterns of secrets of your own, replaced before anything is written."""


class Limits(Section):
    """Bounds on input."""

    record_mib: int = Field(16, ge=1)
    """A line or array element of a recording above this is skipped unread and reported."""


class Price(Section):
    """US dollars for a million tokens."""

    input: float = Field(ge=0.0)
    output: float = Field(ge=0.0)
    cached: float | None = Field(None, ge=0.0)
    """For input read from the provider's cache; None costs as much as other input."""


class AuditorConfig(Section):
    """An auditor that judges every turn beside the rules."""

    name: str
    """What its verdicts are signed with; an entry replaces the shipped one of the same name."""
    kind: AuditorKind
    """What it does; the name says it where it is one of these words."""
    enabled: bool = True
    model: str | None = None
    """`API:NAME`, where API is `openai` (chat completions, also of any compatible `base_url`),
    `openai-responses`, `anthropic` or `scripted`; for kind `model`, which it makes the kind."""
    rubric: str = "action-only"
    """Name of a shipped rubric, or path of a rubric file."""
    vendor: str | None = None
    """Who made the model; None is the API's own vendor, or `unknown` behind a `base_url`."""
    trust: Literal["trusted", "untrusted"] = "untrusted"
    role: Literal["auditor", "arbiter", "paraphraser"] = "auditor"
    """An arbiter settles and spot-checks, a paraphraser rewrites claims; neither votes."""
    base_url: str | None = None
    key_env: str | None = None
    """Environment variable that holds the key; None is the vendor's usual one."""
    price: Price | None = None
    """What the model costs; None looks it up in `policies/prices.yaml`."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What this kind lets one set."""

    @model_validator(mode="before")
    @classmethod
    def _name_says_kind(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        if data.get("name") in get_args(LocalKind):
            return {"kind": data["name"], **data}
        return {"kind": "model", **data} if data.get("model") else data

    @model_validator(mode="after")
    def _has_model(self) -> AuditorConfig:
        if self.kind == "model" and not self.model:
            raise ValueError("an auditor of kind model needs `model`, e.g. 'openai:NAME'")
        return self


class Panel(Section):
    """How auditors that are models are called, and what their votes come to."""

    protocol: Literal[
        "panel", "trusted_monitoring", "untrusted_monitoring", "defer_to_trusted",
        "defer_to_resample", "resample_for_incrimination",
    ] = "panel"  # fmt: skip
    """Who judges and what follows: a control protocol of the literature, or our own default."""
    triage: Literal["consequential", "suspicious", "all"] = "consequential"
    """Which turns the panel sees: those with an action that changes or sends something and those
    a local auditor suspects; only the latter; or every turn."""
    suspicious_at: float = Field(0.2, ge=0.0, le=1.0)
    """Suspicion of the local auditors from which any turn goes to the panel."""
    audit_rate: float = Field(0.02, ge=0.0, le=1.0)
    """Share of the turns that triage would pass which go to the panel all the same."""
    calling: Literal["sequential", "all"] = "sequential"
    first: int = Field(2, ge=1)
    """Auditors of the first, blind wave, of different vendors where there are."""
    k_max: int = Field(5, ge=1)
    """Most auditors of one turn."""
    explore: float = Field(0.1, ge=0.0, le=1.0)
    """Share of further calls whose auditor is drawn by lot, so that every pairing is seen."""
    quorum: int = Field(2, ge=0)
    """Model auditors that must have scored; at most as many as are configured."""
    false_stop: float = Field(0.1, gt=0.0, lt=0.5)
    miss: float = Field(0.02, gt=0.0, lt=0.5)
    """Error rates at which calling stops: a good action held, a bad one passed (Wald bounds)."""
    second_look: Literal["same_round", "off"] = "same_round"
    """The look with the justification runs beside the blind one, or not at all."""
    call_deadline_s: float = Field(15.0, gt=0.0)
    """Seconds one call has, retries included; never more than the turn has left."""
    audit_budget: float | None = Field(None, ge=0.0, le=1.0)
    """Share of the panelled actions that a person looks at, and one more a run: the most suspicious
    ones, as they come. What is undecided runs unseen, what would be held and gets no look is
    denied. None asks a person about everything held or undecided."""
    resamples: int = Field(3, ge=1, le=10)
    """How often a protocol that resamples asks the agent again from the same context."""
    aggregator: Literal["max", "mean", "min"] = "max"
    """What the scores of a turn and its samples come to under `defer_to_resample`. `min` is
    dangerous: words aimed at the auditors need to work on one sample only, so that every further
    sample is one more try for an attacker."""


class Debate(Section):
    """What happens when the panel stays undecided over a claim nobody answered."""

    mode: Literal["off", "rebuttal", "critic", "two_sided", "consultancy"] = "rebuttal"
    rounds: int = Field(2, ge=0, le=2)
    minimum: int = Field(100, ge=1)
    """Debates of a task class after which `crossaudit panel report` says whether they pay."""
    off_for: tuple[str, ...] = ()
    """Task classes, e.g. `shell`, that are never debated: those the report found not to pay."""


class Budget(Section):
    """What auditors that are models may cost; the agent's own budget is never touched."""

    per_run: float | None = Field(None, ge=0.0)
    """US dollars; None is no limit."""
    per_day: float | None = Field(None, ge=0.0)
    assumed_usd: float = Field(0.01, ge=0.0)
    """What a call of unknown price counts as against these limits."""


class Audits(Section):
    """Work beside the votes: who grades the auditors."""

    canary_rate: float = Field(0.06, ge=0.0, le=1.0)
    """Share of panelled turns beside which an auditor is shown an action of known answer."""
    cross_rate: float = Field(0.05, ge=0.0, le=1.0)
    """Share of rationales that an auditor of another vendor judges again."""
    arbiter_rate: float = Field(0.015, ge=0.0, le=1.0)
    """Share of panelled actions the trusted arbiter judges, drawn whatever the votes say."""
    swap_rate: float = Field(0.1, ge=0.0, le=1.0)
    """Most side calls for swap tests, as a share of the panel's own calls."""


class Tui(Section):
    """How the terminal UI looks and which keys it has."""

    theme: str = "crossaudit"
    """crossaudit, crossaudit-light, high-contrast or colour-blind-safe."""
    glyphs: Literal["unicode", "ascii"] | None = None
    """Signs that are drawn; unset = unicode where the locale is UTF-8. Lines of text too."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Other keys for what the help lists, by id: `flag-next = "right"`."""


LOCAL_AUDITORS = tuple(
    AuditorConfig(name=kind, kind=kind)
    for kind in ("provenance", "justification", "oversight", "baseline")
)
"""They need no model, and judge unless an entry of their name switches them off."""


class Config(Section):
    """Everything that can be set."""

    profile: str = "default"
    auditors: tuple[AuditorConfig, ...] = LOCAL_AUDITORS
    """Auditors beside the rules; those shipped stay unless an entry has their name."""
    rules: Rules = Rules()
    gate: Gate = Gate()
    panel: Panel = Panel()
    debate: Debate = Debate()
    budget: Budget = Budget()
    audits: Audits = Audits()
    approvals: Approvals = Approvals()
    ledger: LedgerConfig = LedgerConfig()
    privacy: Privacy = Privacy()
    limits: Limits = Limits()
    tui: Tui = Tui()

    @field_validator("auditors")
    @classmethod
    def _keep_shipped(cls, given: tuple[AuditorConfig, ...]) -> tuple[AuditorConfig, ...]:
        by_name = {entry.name: entry for entry in (*LOCAL_AUDITORS, *given)}
        if len({entry.name for entry in given}) < len(given):
            raise ValueError("two entries have the same name")
        return tuple(by_name.values())


class Loaded(NamedTuple):
    """A configuration and where each value came from."""

    config: Config
    origins: dict[Keys, str]
    """Key path -> `built in`, `profile NAME`, `FILE:LINE`, `--flag` or an environment variable."""


def load_config(
    file: str | Path | None = None,
    *,
    profile: str | None = None,
    overrides: Mapping[Keys, tuple[Any, str]] | None = None,
) -> Loaded:
    """Merge the built-in values, the profile, the file and `overrides`, the last one strongest.

    Without `file`, `crossaudit.toml` is looked for upward from the working directory. `overrides`
    maps a key path to a value and the name of the flag it came from.
    """
    path = Path(file) if file else find_config()
    merged: dict[str, Any] = {}
    origins: dict[Keys, str] = {}
    text, data = _read(path) if path else ("", {})
    name = profile or _validate(data, str(path), text).profile
    profile_text, profile_data = read_profile(name)
    _validate(profile_data, f"profile {name}", profile_text)
    _merge(merged, profile_data, origins, lambda _: f"profile {name}")
    _merge(merged, data, origins, lambda keys: f"{path}:{line_of(text, keys) or 1}")
    if ledger := os.environ.get("CROSSAUDIT_LEDGER"):
        _merge(merged, {"ledger": {"path": ledger}}, origins, lambda _: "CROSSAUDIT_LEDGER")
    for keys, (value, origin) in (overrides or {}).items():
        _merge(merged, _nest(keys, value), origins, lambda _, origin=origin: origin)
    _anchor(merged, origins, path)
    merged["profile"] = name
    if profile:
        origins["profile",] = "--profile"
    config = _validate(merged, str(path or "flags"), text)
    for keys in _leaves(config.model_dump()):
        origins.setdefault(keys, "built in")
    return Loaded(config, origins)


def find_config(start: Path | None = None) -> Path | None:
    """Return the nearest `crossaudit.toml` at or above `start` (the working directory)."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def profile_names() -> list[str]:
    """Return the names of the shipped profiles."""
    folder = resources.files("policies") / "profiles"
    return sorted(f.name[: -len(".toml")] for f in folder.iterdir() if f.name.endswith(".toml"))


def read_profile(name: str) -> tuple[str, dict[str, Any]]:
    """Return the text and the data of a shipped profile, or of the file `name` if it is a path."""
    if name.endswith(".toml"):
        return _read(Path(name))
    if name not in profile_names():
        raise ConfigError(f"no profile {name!r}{nearest(name, profile_names())}")
    text = (resources.files("policies") / "profiles" / f"{name}.toml").read_text("utf-8")
    return text, tomllib.loads(text)


def nearest(word: str, words: list[str]) -> str:
    """Return `; did you mean 'x'?` for the closest of `words`, or the list of them."""
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(words)}"


def line_of(text: str, keys: Keys) -> int | None:
    """Return the 1-based line of the TOML text that sets the key path, if one is found."""
    table: Keys = ()
    entries: Counter[Keys] = Counter()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            table = tuple(p.strip().strip('"') for p in line.strip("[] ").split("."))
            if table == keys:
                return number
            if line.startswith("[["):
                entries[table] += 1
                table = (*table, str(entries[table] - 1))
        elif "=" in line and not line.startswith("#"):
            key = tuple(p.strip().strip("\"'") for p in line.split("=", 1)[0].split("."))
            if table + key == keys[: len(table + key)]:
                return number
    return None


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", file=str(path)) from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}", file=str(path)) from None
    except RecursionError:
        raise ConfigError("is nested too deep", file=str(path)) from None


def _validate(data: Mapping[str, Any], file: str, text: str) -> Config:
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = tuple(str(part) for part in first["loc"])
        line = line_of(text, keys)
        name = ".".join(keys)
        if first["type"] == "extra_forbidden":
            hint = nearest(keys[-1], _valid_keys(keys[:-1]))
            message = f"unknown key {name!r}{hint}"
        else:
            message = f"{name}: {first['msg'][0].lower()}{first['msg'][1:]}"
        raise ConfigError(message, file=file, line=line) from None


def _valid_keys(section: Keys) -> list[str]:
    model: type[BaseModel] = Config
    for part in section:
        if part.isdigit():  # the place in a list of tables, whose kind is known already
            continue
        annotation = model.model_fields[part].annotation
        annotation = next(iter(get_args(annotation)), annotation)
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)


def _merge(
    into: dict[str, Any],
    data: Mapping[str, Any],
    origins: dict[Keys, str],
    origin: Any,
    prefix: Keys = (),
) -> None:
    for key, value in data.items():
        keys = (*prefix, key)
        if isinstance(value, Mapping):
            _merge(into.setdefault(key, {}), value, origins, origin, keys)
        else:
            into[key] = value
            origins[keys] = origin(keys)


def _anchor(merged: dict[str, Any], origins: dict[Keys, str], file: Path | None) -> None:
    """Let a relative ledger stand beside the configuration file, wherever one works below it."""
    if file is None or origins.get(("ledger", "path")) in ("--ledger", "CROSSAUDIT_LEDGER"):
        return
    ledger = merged.setdefault("ledger", {})
    place = str(ledger.get("path", DEFAULT_LEDGER))
    if "://" not in place:
        ledger["path"] = str(file.parent / place)


def _nest(keys: Keys, value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def _leaves(data: Mapping[str, Any], prefix: Keys = ()) -> Iterator[Keys]:
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*prefix, key))
        else:
            yield (*prefix, key)
