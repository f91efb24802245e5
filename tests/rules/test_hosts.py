import pytest

from orchestrator.rules.hosts import read_url


@pytest.mark.parametrize(
    ("url", "name", "classes"),
    [
        ("https://www.Example.NET/a?b#c", "www.example.net", ""),
        ("https://example.net.", "example.net", ""),
        ("http://user:pw@example.net:8080/", "example.net", ""),
        ("example.net:443", "example.net", ""),
        ("http://localhost:3000", "localhost", "loopback"),
        ("http://127.0.0.1/", "127.0.0.1", "address loopback"),
        ("http://[::1]:80/", "::1", "address loopback"),
        ("http://0.0.0.0/", "0.0.0.0", "address loopback"),
        ("http://10.1.2.3/", "10.1.2.3", "address private"),
        ("http://[fd00::7]/", "fd00::7", "address private"),
        ("http://93.184.216.34/", "93.184.216.34", "address"),
        ("http://169.254.169.254/latest", "169.254.169.254", "address metadata"),
        ("http://2852039166/", "169.254.169.254", "address disguised metadata"),
        ("http://0xA9FEA9FE/", "169.254.169.254", "address disguised metadata"),
        ("http://0251.0376.0251.0376/", "169.254.169.254", "address disguised metadata"),
        ("http://169.254.43518/", "169.254.169.254", "address disguised metadata"),
        ("http://[::ffff:169.254.169.254]/", "::ffff:a9fe:a9fe", "address metadata"),
        ("http://[fd00:ec2::254]/", "fd00:ec2::254", "address metadata"),
        ("http://169.254.169.254.nip.io/", "169.254.169.254.nip.io", "disguised metadata"),
        ("http://169-254-169-254.sslip.io/", "169-254-169-254.sslip.io", "disguised metadata"),
        ("http://metadata.google.internal/", "metadata.google.internal", "metadata private"),
        ("https://bank.example@evil.example/", "evil.example", "disguised"),
        ("https://ok.example\\@evil.example/", "ok.example", "disguised"),
        ("https://ok.example%2f@evil.example/", "evil.example", "disguised"),
        ("https://xn--bnk-tna.example/", "xn--bnk-tna.example", "disguised"),
        ("https://bänk.example/", "xn--bnk-qla.example", "disguised"),
        ("http://127.1/", "127.0.0.1", "address disguised loopback"),
        ("http://%31%32%37.0.0.1/", "127.0.0.1", "address loopback"),
        ("http://app.internal/", "app.internal", "private"),
    ],
)
def test_a_host_has_one_name_whatever_it_wears(url: str, name: str, classes: str) -> None:
    host = read_url(url)
    assert host is not None
    assert (host.name, " ".join(sorted(host.classes))) == (
        str(name),
        " ".join(sorted(classes.split())),
    )


@pytest.mark.parametrize("text", ["", "   ", "://", "http://", "http:///path", "http://:80/"])
def test_what_names_no_host_is_none(text: str) -> None:
    assert read_url(text) is None


@pytest.mark.parametrize("text", ["http://[::1", "http://\x00/", "http://" + "a" * 5000, "1" * 400])
def test_broken_addresses_do_no_harm(text: str) -> None:
    host = read_url(text)
    assert host is None or isinstance(host.name, str)
