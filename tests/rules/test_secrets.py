import time

import pytest

from orchestrator.rules.secrets import SecretScanner

KEY = b"key of a run"
SCANNER = SecretScanner()

# Written in pieces: none of them may look like a leaked secret where this file is scanned.
SAMPLES = {
    "aws": "AKIA" + "Q3XAMPLE7LMNOPQR",
    "aws-secret": "aws_secret_access_key = " + "a1B2" * 10,
    "github": "ghp_" + "a1" * 18,
    "gitlab": "glpat-" + "a1B2" * 5,
    "slack": "xoxb-" + "1234567890-abcdef",
    "slack-hook": "hooks.slack.com/services/" + "T0AB/B0CD/" + "a1" * 10,
    "stripe": "sk_live_" + "a1B2" * 6,
    "anthropic": "sk-ant-" + "api03-" + "a1B2" * 6,
    "openai": "sk-proj-" + "a1B2" * 8,
    "google": "AIza" + "a1B2_-x" * 5,
    "google-oauth": "GOCSPX-" + "a1B2" * 6,
    "twilio": "SK" + "0a1b2c3d" * 4,
    "sendgrid": "SG." + "a1B2" * 5 + "." + "a1B2" * 10,
    "mailgun": "key-" + "0a1b2c3d" * 4,
    "npm": "npm_" + "a1B2" * 9,
    "pypi": "pypi-" + "AgEI" + "a1B2" * 14,
    "huggingface": "hf_" + "a1B2" * 9,
    "digitalocean": "dop_v1_" + "0a1b2c3d" * 8,
    "databricks": "dapi" + "0a1b2c3d" * 4,
    "shopify": "shpat_" + "0a1b2c3d" * 4,
    "square": "sq0atp-" + "a1B2" * 6,
    "telegram": "123456789:" + "AA" + "a1B2" * 9,
    "vault": "hvs." + "a1B2" * 6,
    "linear": "lin_api_" + "a1B2" * 10,
    "doppler": "dp.pt." + "a1B2" * 10,
    "age": "AGE-SECRET-KEY-1" + "A1B2" * 14,
    "azure": "AccountKey=" + "a1B2" * 21 + "==",
    "jwt": "eyJhbGciOiJIUzI1." + "eyJzdWIiOiIxMjM0" + "." + "a1B2" * 5,
    "database-url": "postgres://ann:" + "hunter22" + "@",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "card": "4111 1111 1111 1111",
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_secret_of_each_kind_is_found_and_replaced(kind: str) -> None:
    text = f"before {SAMPLES[kind]} after"
    (span,) = SCANNER.find(text)
    assert (span.kind, text[span.start : span.end]) == (kind, SAMPLES[kind])
    replaced, originals = SCANNER.replace(text, KEY)
    (token,) = originals
    assert replaced == f"before {token} after"
    assert token.startswith(f"‹secret:{kind}:") and originals[token] == SAMPLES[kind]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "git log 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "sk-learn is not a key, nor is sk-short",
        "AKIA is a prefix",
        "task-force-of-the-north-western-district",
        "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
        "order 4111 1111 1111 1112",
        "at 1700000000000 and 1700000000001",
        "postgres://localhost/app",
        "0.4111111111111111",
        "id 94111111111111111",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert SCANNER.find(text) == ()
    assert SCANNER.replace(text, KEY) == (text, {})


def test_tokens_are_left_alone_and_count_as_secrets() -> None:
    once, originals = SCANNER.replace(f"é {SAMPLES['github']} {SAMPLES['card']}", KEY)
    assert SCANNER.replace(once, KEY) == (once, {})
    assert {once[start:end] for _, start, end in SCANNER.find(once)} == set(originals)


def test_a_token_depends_on_secret_and_key_alone() -> None:
    tokens = [
        next(iter(SCANNER.replace(text, key)[1]))
        for text, key in [
            (f"a {SAMPLES['aws']}", KEY),
            (f"b: {SAMPLES['aws']}!", KEY),
            (SAMPLES["aws"], b"other"),
            ("AKIA" + "Q3XAMPLE7LMNOPQS", KEY),
        ]
    ]
    assert tokens[0] == tokens[1] and len(set(tokens)) == 3


def test_offsets_are_code_points() -> None:
    text = f"naïve 世界 🙂 {SAMPLES['github']} é {SAMPLES['aws']} ü"
    assert [text[start:end] for _, start, end in SCANNER.find(text)] == [
        SAMPLES["github"],
        SAMPLES["aws"],
    ]


def test_what_cannot_be_encoded_is_scanned_all_the_same() -> None:
    assert SCANNER.find(f"\ud800 {SAMPLES['aws']}")[0].kind == "aws"


def test_own_patterns_are_secrets_too() -> None:
    scanner = SecretScanner((r"\bACME-[0-9]{6}\b",))
    assert scanner.find("key ACME-123456")[0].kind == "custom"


def test_a_key_block_without_an_end_is_replaced_to_where_it_could_end() -> None:
    text = "-----BEGIN EC PRIVATE KEY-----\nMIIEabc\nDEK-Info: x"
    replaced, _ = SCANNER.replace(text, KEY)
    assert "MIIE" not in replaced


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN RSA PRIVATE KEY-----abc ",
        "4111-",
        "4 1 1 1 ",
        "sk-",
        "eyJabcdefghijkl.",
        "xoxb-1 ",
    ],
)
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    short, long = (piece * (size // len(piece)) for size in (50_000, 400_000))
    assert _best_time(long) < 32 * _best_time(short) + 0.02, "quadratic would be 64 times"


def _best_time(text: str) -> float:
    times = []
    for _ in range(4):
        started = time.process_time()
        SCANNER.find(text)
        times.append(time.process_time() - started)
    return min(times)
