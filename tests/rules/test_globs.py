import pytest

from orchestrator.rules.globs import compile_globs, could_meet
from orchestrator.rules.paths import locate
from orchestrator.rules.patterns import PatternBank


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("~/.ssh/id_*", "/home/ann/.ssh/id_rsa", True),
        ("~/.ssh/id_*", "~/.ssh/id_rsa", True),
        ("~/.ssh/id_*", "~/.ssh/old/id_rsa", False),
        ("**/.env", "/srv/.env", True),
        ("**/.env", ".env", True),
        ("**/.env", "/srv/x.env", False),
        ("/etc/cron*/**", "/etc/cron.d/x", True),
        ("/etc/cron*/**", "/etc/cron.d", True),
        ("**/tests/**", "/srv/tests", True),
        ("**/tests/**", "/srv/contests/a", False),
        ("/a/**/z", "/a/z", True),
        ("/a/**/z", "/a/b/c/z", True),
        ("**/secrets.y*ml", "/srv/secrets.yaml", True),
        ("/x/a?c", "/x/abc", True),
        ("/x/a.c", "/x/abc", False),
        ("/x/(a)", "/x/(a)", True),
    ],
)
def test_globs_cover_paths(glob: str, path: str, fits: bool) -> None:
    bank = PatternBank(whole=True)
    globs = compile_globs((glob,), bank)
    bank.close()
    assert globs.covers(locate(path, None)) is fits


@pytest.mark.parametrize(
    ("written", "glob", "meets"),
    [
        ("~/.ss?/id_rsa", "~/.ssh/id_*", True),
        ("~/.ssh/*", "~/.ssh/id_*", True),
        ("~/.ssh/id_r*", "~/.ssh/id_*", True),
        ("~/*", "~/.ssh/id_*", False),
        ("/srv/work/*", "**/.env", False),
        ("/srv/code/.en*", "**/.env", True),
        ("/srv/code/.e?v", "**/.env", True),
        ("/srv/work/?env", "**/.env", False),
        ("/etc/[s]hadow", "/etc/shadow", True),
        ("/etc/pass*", "/etc/shadow", False),
        ("/e*/s*w", "/etc/shadow", True),
        ("/srv/src/*.py", "**/crossaudit.toml", False),
        ("/srv/c*.toml", "**/crossaudit.toml", True),
        ("~/.aws/cred*", "~/.aws/**", True),
        ("/w/src/**/*.ts", "**/runs/ledger.db*", False),
        ("/w/runs/l*", "**/runs/ledger.db*", True),
    ],
)
def test_wildcards_mean_what_a_shell_would_make_of_them(
    written: str, glob: str, meets: bool
) -> None:
    assert could_meet(written, glob) is meets


def test_a_path_too_deep_to_compare_counts_as_meeting() -> None:
    assert could_meet("/".join(["*a"] * 2000), "**/x/**/y/**/z")
    assert could_meet("*" * 5000, "**/" + "a" * 10)
