"""Programs that run another program: what they are called, and where the other one starts."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.rules.shell.command import Word, basename, names


class Wrapper(NamedTuple):
    """How a program's own arguments end and the wrapped command starts."""

    values: frozenset[str] = frozenset()
    """Its options that take a value in the next word."""
    operands: int = 0
    """How many words of its own come after the options."""
    assigns: bool = False
    """Whether `NAME=value` may come before the command."""
    queries: frozenset[str] = frozenset()
    """Options with which it runs nothing."""
    words: bool = True
    """False if the command is text for a shell, not words."""


class Unwrapped(NamedTuple):
    """A command with its outermost wrapper taken off."""

    name: str
    words: list[Word]
    is_code: bool = False
    """Whether `words`, joined, are text for a shell."""
    kept: bool = False
    """Whether the wrapper does something itself and is a command too."""
    remote: bool = False
    """Whether it runs on another machine or in another file system."""


def _w(values: str = "", operands: int = 0, *, assigns: bool = False, queries: str = "",
       words: bool = True) -> Wrapper:  # fmt: skip
    return Wrapper(names(values), operands, assigns, names(queries), words)


_SUDO = "-u --user -g --group -p --prompt -h --host -C --close-from -D --chdir -r --role -t --type -T --command-timeout -U --other-user -R --chroot"  # noqa: E501

WRAPPERS = {
    "sudo": _w(_SUDO, assigns=True, queries="-l --list -v --validate -e --edit -V"),
    "doas": _w("-u -C"),
    "env": _w("-u --unset -C --chdir", assigns=True),
    "nice": _w("-n --adjustment"),
    "ionice": _w("-c --class -n --classdata -p --pid -t"),
    "chrt": _w("-p -T -P -D", 1),
    "taskset": _w("", 1),
    "nohup": _w(),
    "setsid": _w(),
    "timeout": _w("-k --kill-after -s --signal", 1),
    "time": _w("-f --format -o --output"),
    "stdbuf": _w("-i --input -o --output -e --error"),
    "unbuffer": _w(),
    "command": _w(queries="-v -V"),
    "builtin": _w(),
    "exec": _w("-a"),
    "busybox": _w(),
    "toybox": _w(),
    "chroot": _w("", 1),
    "flock": _w("-w --timeout -E --conflict-exit-code", 1),
    "strace": _w("-e -o -p -s -u -E -a -P -I -O -S -b"),
    "ltrace": _w("-e -o -p -s -u -a -l -x -n -A -D -F"),
    "nsenter": _w("-t --target -S -G"),
    "unshare": _w("-S -G --map-user --map-group -R --root -w --wd"),
    "catchsegv": _w(),
    "fakeroot": _w("-l -s -i -b"),
    "firejail": _w(),
    "caffeinate": _w("-t -w"),
    "systemd-run": _w("-p --property -u --unit -E --setenv -M --machine -H --host --uid --gid"),
    "pkexec": _w("--user"),
    "gosu": _w("", 1),
    "su-exec": _w("", 1),
    "setpriv": _w("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set"),
    "runuser": _w("-u --user -g --group -s --shell"),
    "xvfb-run": _w("-n --server-num -s --server-args -e --error-file -f --auth-file"),
    "dbus-run-session": _w("--config-file"),
    "watch": _w("-n --interval -q --equexit", words=False),
    "hyperfine": _w("-w -m -M -r -p -c -n -N -S --warmup --runs --prepare --cleanup", words=False),
    "npm exec": _w("-p --package -w --workspace"),
    "uv run": _w("--with --python -p --project --directory --extra --group --env-file --package"),
    "poetry run": _w(),
    "pipenv run": _w(),
    "pdm run": _w(),
    "hatch run": _w(),
    "rye run": _w(),
    "bundle exec": _w(),
    "conda run": _w("-n --name -p --prefix --cwd"),
    "mamba run": _w("-n --name -p --prefix"),
    "micromamba run": _w("-n --name -p --prefix"),
    "direnv exec": _w("", 1),
    "dotenv run": _w(),
    "aws-vault exec": _w("-d --duration", 1),
    "op run": _w("--env-file --account"),
    "mise exec": _w(),
    "asdf exec": _w(),
    "pyenv exec": _w(),
    "rbenv exec": _w(),
}
_PREFIXES = frozenset(name.partition(" ")[0] for name in WRAPPERS if " " in name)

_SSH = _w("-b -c -B -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w", 1)
_XARGS = _w("-I -i -n -P -L -l -d -a -s -E -e --max-args --max-procs --replace --delimiter "
            "--arg-file --max-lines --max-chars --eof")  # fmt: skip
_PARALLEL = _w("-j --jobs -a --arg-file --colsep -C -d --delimiter -I --joblog --results -S "
               "--sshlogin -N -n -L --timeout --retries --tmpdir --workdir --wd -P -s")  # fmt: skip
_CONTAINER = _w("-e --env -u --user -w --workdir -v --volume -p --publish --name --network --net "
                "--entrypoint -m --memory --cpus --env-file -l --label -h --hostname --mount "
                "--platform --gpus --add-host --cap-add --cap-drop --device --ipc --pid --restart "
                "--security-opt --shm-size --tmpfs --ulimit --userns --detach-keys --cgroupns "
                "--dns --index -a --attach --expose --group-add --link --log-driver --log-opt "
                "--pull --runtime --stop-signal --volumes-from -f --file --project-name "
                "--profile --project-directory", 1)  # fmt: skip
_CONTAINERS = ("docker", "podman", "nerdctl")
_GLOBAL = names(
    "-H --host -c --context -l --log-level --config -f --file -p --project-name --profile "
    "--project-directory --env-file --ansi -n --namespace --kubeconfig --cluster --user"
)
_KUBECTL = _w("-c --container -n --namespace --context --kubeconfig --cluster --user "
              "--pod-running-timeout -f --filename", 1)  # fmt: skip
_FIND_RUNS = frozenset(("-exec", "-execdir", "-ok", "-okdir"))


def unwrap(name: str, words: list[Word]) -> list[Unwrapped]:
    """Return what the command `words`, whose program is `name`, runs; nothing if no wrapper.

    More than one only for `find`, which may have several `-exec`.
    """
    special = _SPECIAL.get(name)
    if special is not None:
        return special(name, words)
    found = WRAPPERS.get(name)
    start = 1
    if found is None and name in _PREFIXES:
        name, found, start = _two_words(words)
    if found is None:
        return []
    rest = _after_options(words, start, found)
    if rest is None or not rest:
        return []
    return [Unwrapped(name, rest, is_code=not found.words)]


def login_shell(name: str, words: list[Word]) -> str | None:
    """Return what to call the shell that `words`, which name no command, start; None if none."""
    if name == "ssh":
        at = _skip_options(words, 1, _SSH.values)
        return f"ssh {words[at].text}" if at < len(words) else None
    if name == "sudo":
        return name if any(w.text in ("-s", "-i", "--shell", "--login") for w in words) else None
    return name if name == "su" else None


def _two_words(words: list[Word]) -> tuple[str, Wrapper | None, int]:
    for at in range(1, len(words)):
        if not words[at].text.startswith("-"):
            name = f"{basename(words[0].text)} {words[at].text}"
            return name, WRAPPERS.get(name), at + 1
    return "", None, 0


def _after_options(words: list[Word], start: int, wrapper: Wrapper) -> list[Word] | None:
    """Return the words of the wrapped command; None if the wrapper runs nothing."""
    at = _skip_options(words, start, wrapper.values)
    if any(word.text in wrapper.queries for word in words[start:at]):
        return None
    at += wrapper.operands
    while wrapper.assigns and at < len(words) and is_assignment(words[at].text):
        at += 1
    return words[at:]


def _skip_options(words: list[Word], at: int, values: frozenset[str]) -> int:
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1
        if len(text) < 2 or text[0] not in "-+" or (text[0] == "+" and not text[1:].isalpha()):
            return at
        at += 2 if text in values else 1
    return at


def is_assignment(text: str) -> bool:
    """Say whether `text` reads `NAME=...`."""
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isascii() and name.isidentifier()


def _unwrap_env(name: str, words: list[Word]) -> list[Unwrapped]:
    for at, word in enumerate(words[1:], 1):
        if not word.text.startswith("-"):
            break
        option, glued, value = word.text.partition("=")
        if option in ("-S", "--split-string"):
            code = [word._replace(text=value)] if glued else []
            return [Unwrapped(name, code + words[at + 1 :], is_code=True)]
        if word.text.startswith("-S"):
            return [Unwrapped(name, [word._replace(text=word.text[2:]), *words[at + 1 :]], True)]
    rest = _after_options(words, 1, WRAPPERS[name])
    return [Unwrapped(name, rest)] if rest else []


def _unwrap_ssh(name: str, words: list[Word]) -> list[Unwrapped]:
    at = _skip_options(words, 1, _SSH.values)
    if at >= len(words):
        return []
    host = words[at].text
    after = _skip_options(words, at + 1, _SSH.values)
    rest = words[after:]
    if not rest:
        return []
    return [Unwrapped(f"{name} {host}", rest, is_code=True, kept=True, remote=True)]


def _unwrap_xargs(name: str, words: list[Word]) -> list[Unwrapped]:
    at = _skip_options(words, 1, _XARGS.values)
    options = words[1:at]
    mark = None
    for place, word in enumerate(options):
        if word.text in ("-I", "-i", "--replace"):
            mark = options[place + 1].text if place + 1 < len(options) else "{}"
        elif word.text.startswith("-I"):
            mark = word.text[2:]
        elif word.text.startswith("--replace="):
            mark = word.text.partition("=")[2]
    rest = words[at:]
    if not rest:
        return []
    if mark is None:
        hole = Word("{}", False, rest[-1].end, rest[-1].end)
        return [Unwrapped(name, [*rest, hole])]
    return [Unwrapped(name, [_open(word) if mark in word.text else word for word in rest])]


def _unwrap_find(name: str, words: list[Word]) -> list[Unwrapped]:
    start = next((w.text for w in words[1:2] if not w.text.startswith("-")), "")
    found: list[Unwrapped] = []
    at = 1
    while at < len(words):
        if words[at].text not in _FIND_RUNS:
            at += 1
            continue
        end = at + 1
        while end < len(words) and words[end].text not in (";", "+"):
            end += 1
        inner = [_below(word, start) for word in words[at + 1 : end]]
        if inner:
            found.append(Unwrapped(f"{name} {words[at].text}", inner, kept=not found))
        at = end
    return found


def _below(word: Word, start: str) -> Word:
    """Return `word` with `{}` led by the directory that is searched."""
    if "{}" not in word.text:
        return word
    path = f"{start.rstrip('/')}/{{}}" if start else "{}"
    return word._replace(text=word.text.replace("{}", path), known=False)


def _open(word: Word) -> Word:
    return word._replace(known=False)


def _unwrap_su(name: str, words: list[Word]) -> list[Unwrapped]:
    for at, word in enumerate(words[1:-1], 1):
        if word.text in ("-c", "--command"):
            return [Unwrapped(name, [words[at + 1]], is_code=True)]
        if word.text.startswith("-") and word.text.endswith("c") and word.text[1:].isalpha():
            return [Unwrapped(name, [words[at + 1]], is_code=True)]
    for at, word in enumerate(words):
        if word.text.startswith("--command="):
            code = word._replace(text=word.text.partition("=")[2])
            return [Unwrapped(name, [code], is_code=True)]
        if word.text == "--" and name == "runuser":
            return [Unwrapped(name, words[at + 1 :])] if words[at + 1 :] else []
    if name == "flock":
        rest = _after_options(words, 1, WRAPPERS[name])
        return [Unwrapped(name, rest)] if rest else []
    if name == "runuser" and (rest := _after_options(words, 1, WRAPPERS[name])):
        return [Unwrapped(name, rest)]
    return []


def _unwrap_parallel(name: str, words: list[Word]) -> list[Unwrapped]:
    at = _skip_options(words, 1, _PARALLEL.values)
    end = next((n for n in range(at, len(words)) if words[n].text.startswith(":::")), len(words))
    template = words[at:end]
    if not template:
        return []
    if not any("{" in word.text for word in template):
        template = [*template, Word("{}", False, template[-1].end, template[-1].end)]
    else:
        template = [_open(word) if "{" in word.text else word for word in template]
    inputs = [word for word in words[end:] if not word.text.startswith(":::")]
    if len(template) == 2 and template[0].text == "{}":
        return [Unwrapped(name, [word], is_code=True) for word in inputs]
    return [Unwrapped(name, template, is_code=True)]


def _unwrap_container(name: str, words: list[Word]) -> list[Unwrapped]:
    at = _skip_options(words, 1, _GLOBAL)
    while at < len(words) and words[at].text in ("compose", "container"):
        at = _skip_options(words, at + 1, _GLOBAL)
    if at >= len(words) or words[at].text not in ("exec", "run"):
        return []
    verb = words[at].text
    rest = _after_options(words, at + 1, _CONTAINER)
    if not rest:
        return []
    return [Unwrapped(f"{name} {verb}", rest, kept=True, remote=True)]


def _unwrap_kubectl(name: str, words: list[Word]) -> list[Unwrapped]:
    at = _skip_options(words, 1, _GLOBAL)
    if at >= len(words) or words[at].text != "exec":
        return []
    dashes = next((n for n in range(at, len(words)) if words[n].text == "--"), None)
    rest = words[dashes + 1 :] if dashes else _after_options(words, at + 1, _KUBECTL)
    if not rest:
        return []
    return [Unwrapped(f"{name} exec", rest, kept=True, remote=True)]


_SPECIAL = {
    "env": _unwrap_env,
    "ssh": _unwrap_ssh,
    "xargs": _unwrap_xargs,
    "find": _unwrap_find,
    "su": _unwrap_su,
    "runuser": _unwrap_su,
    "flock": _unwrap_su,
    "script": _unwrap_su,
    "parallel": _unwrap_parallel,
    "kubectl": _unwrap_kubectl,
    "oc": _unwrap_kubectl,
    **dict.fromkeys(_CONTAINERS, _unwrap_container),
}
