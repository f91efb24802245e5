"""Programs that run others in ways of their own: `find`, `xargs`, `ssh`, containers, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from orchestrator.rules.shell.budget import Exhausted
from orchestrator.rules.shell.command import Word, names
from orchestrator.rules.shell.options import read_options


class Unwrapped(NamedTuple):
    """A command with its outermost wrapper taken off."""

    name: str
    words: list[Word]
    is_text: bool = False
    """Whether `words`, joined, are text for a shell."""
    kept: bool = False
    """Whether the wrapper does something itself and is a command too."""
    remote: bool = False
    """Whether it runs on another machine or in another file system."""
    directory: Word | None = None
    """Where it runs, if the wrapper says so."""
    hole: str | None = None
    """What stands for the input in `words`; empty if the input comes after them."""


_SSH = names("-b -c -B -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w")
_XARGS = names(
    "-I -n -P -L -d -a -s -E --max-args --max-procs --replace --delimiter --arg-file --max-lines "
    "--max-chars --eof --process-slot-var"
)
_PARALLEL = names(
    "-j --jobs -a --arg-file --colsep -C -d --delimiter -I --joblog --results -S --sshlogin -N -n "
    "-L --timeout --retries --tmpdir --workdir --wd -P -s"
)
_CONTAINER = names(
    "-e --env -u --user -w --workdir -v --volume -p --publish --name --network --net --entrypoint "
    "-m --memory --cpus --env-file -l --label -h --hostname --mount --platform --gpus --add-host "
    "--cap-add --cap-drop --device --ipc --pid --restart --security-opt --shm-size --tmpfs "
    "--ulimit --userns --detach-keys --cgroupns --dns --index -a --attach --expose --group-add "
    "--link --log-driver --log-opt --pull --runtime --stop-signal --volumes-from -f --file "
    "--project-name --profile --project-directory"
)
_GLOBAL = names(
    "-H --host -c --context -l --log-level --config -f --file -p --project-name --profile "
    "--project-directory --env-file --ansi -n --namespace --kubeconfig --cluster --user"
)
_KUBECTL = names(
    "-c --container -n --namespace --context --kubeconfig --cluster --user -f --filename "
    "--pod-running-timeout"
)
_SU = names("-c --command -s --shell -g --group -G --supp-group -w -u --user -E -O -I -B -T -m -o")
_COMMAND = names("-c --command")
_REPLACE = names("-I -i --replace")
_SPLIT = names("-S --split-string")
_MAX_BELOW = 20_000
_FIND_RUNS = names("-exec -execdir -ok -okdir")


def login_shell(name: str, words: list[Word]) -> str | None:
    """Return what to call the shell that `words`, which name no command, start; None if none."""
    if name == "ssh":
        at = read_options(words, 1, _SSH).end
        return f"ssh {words[at].text}" if at < len(words) else None
    if name == "sudo":
        return name if any(w.text in ("-s", "-i", "--shell", "--login") for w in words) else None
    return name if name == "su" else None


def _env(name: str, words: list[Word]) -> list[Unwrapped] | None:
    """Take `env -S 'text'`; without it, `env` is like the other wrappers."""
    options = read_options(words, 1, _SPLIT)
    text = options.value(_SPLIT)
    return [Unwrapped(name, [text, *words[options.end :]], is_text=True)] if text else None


def _ssh(name: str, words: list[Word]) -> list[Unwrapped]:
    host = read_options(words, 1, _SSH).end
    rest = words[read_options(words, host + 1, _SSH).end :] if host < len(words) else []
    if not rest:
        return []
    return [Unwrapped(f"{name} {words[host].text}", rest, is_text=True, kept=True, remote=True)]


def _xargs(name: str, words: list[Word]) -> list[Unwrapped]:
    options = read_options(words, 1, _XARGS)
    rest = words[options.end :]
    if not rest:
        return []
    if not options.has(_REPLACE):
        return [Unwrapped(name, rest, hole="")]
    mark = options.value(_REPLACE)
    return [Unwrapped(name, rest, hole=mark.text if mark and mark.text else "{}")]


def _find(name: str, words: list[Word]) -> list[Unwrapped]:
    at = 1
    while at < len(words) and words[at].text in ("-H", "-L", "-P"):
        at += 1
    starts: list[str] = []
    while at < len(words) and not words[at].text.startswith(("-", "(", "!")):
        starts.append(words[at].text)
        at += 1
    found: list[Unwrapped] = []
    while at < len(words):
        at += 1
        if words[at - 1].text not in _FIND_RUNS:
            continue
        begin, label = at, f"{name} {words[at - 1].text}"
        while at < len(words) and words[at].text not in (";", "+"):
            at += 1
        holes = sum(word.text.count("{}") for word in words[begin:at])
        if holes * sum(map(len, starts)) > _MAX_BELOW:
            raise Exhausted("it searches too many places")
        inner = [below for word in words[begin:at] for below in _below(word, starts)]
        if inner:
            found.append(Unwrapped(label, inner, kept=not found))
    return found


def _below(word: Word, starts: list[str]) -> list[Word]:
    """Return `word` with `{}` led by each directory that is searched."""
    if "{}" not in word.text:
        return [word]
    paths = [f"{start.rstrip('/')}/{{}}" for start in starts] or ["{}"]
    return [word._replace(text=word.text.replace("{}", path), known=False) for path in paths]


def _su(name: str, words: list[Word]) -> list[Unwrapped] | None:
    """Take the text after `-c`, before or after the operand."""
    at = 1
    while at < len(words):
        options = read_options(words, at, _SU)
        text = options.value(_COMMAND)
        if text is not None:
            return [Unwrapped(name, [text], is_text=True)]
        at = options.end + 1
    return None if name in ("flock", "runuser") else []


def _parallel(name: str, words: list[Word]) -> list[Unwrapped]:
    at = read_options(words, 1, _PARALLEL).end
    end = next((n for n in range(at, len(words)) if words[n].text.startswith(":::")), len(words))
    template = words[at:end]
    inputs = [word for word in words[end:] if not word.text.startswith(":::")]
    if not template:
        return [Unwrapped(name, [word], is_text=True) for word in inputs]
    if any("{" in word.text for word in template):
        opened = [word._replace(known=word.known and "{" not in word.text) for word in template]
        return [Unwrapped(name, opened, is_text=True)]
    hole = Word("{}", False, template[-1].end, template[-1].end)
    return [Unwrapped(name, [*template, *(inputs or [hole])], is_text=True)]


def _container(name: str, words: list[Word]) -> list[Unwrapped]:
    at = read_options(words, 1, _GLOBAL).end
    while at < len(words) and words[at].text in ("compose", "container"):
        at = read_options(words, at + 1, _GLOBAL).end
    if at >= len(words) or words[at].text not in ("exec", "run"):
        return []
    rest = words[read_options(words, at + 1, _CONTAINER).end + 1 :]
    if not rest:
        return []
    return [Unwrapped(f"{name} {words[at].text}", rest, kept=True, remote=True)]


def _kubectl(name: str, words: list[Word]) -> list[Unwrapped]:
    at = read_options(words, 1, _GLOBAL).end
    if at >= len(words) or words[at].text != "exec":
        return []
    dashes = next((n for n in range(at, len(words)) if words[n].text == "--"), None)
    start = dashes + 1 if dashes else read_options(words, at + 1, _KUBECTL).end + 1
    if start >= len(words):
        return []
    return [Unwrapped(f"{name} exec", words[start:], kept=True, remote=True)]


LAUNCHERS: dict[str, Callable[[str, list[Word]], list[Unwrapped] | None]] = {
    "env": _env,
    "ssh": _ssh,
    "xargs": _xargs,
    "find": _find,
    "su": _su,
    "runuser": _su,
    "flock": _su,
    "script": _su,
    "sg": _su,
    "parallel": _parallel,
    "kubectl": _kubectl,
    "oc": _kubectl,
    **dict.fromkeys(("docker", "podman", "nerdctl"), _container),
}
"""By program; None from one of them leaves the command to the table of wrappers."""
