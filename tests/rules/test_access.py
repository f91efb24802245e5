import pytest

from orchestrator.rules.access import find_touched
from orchestrator.rules.endpoints import find_endpoints
from orchestrator.rules.policies import find_tools
from orchestrator.rules.shell import parse_shell
from orchestrator.rules.statements import find_client_sql
from orchestrator.rules.tools import read_tools

PROGRAMS = read_tools(find_tools()).programs


@pytest.mark.parametrize(
    ("line", "touched"),
    [
        ("cat a b", "read a, read b"),
        ("grep -A 5 'x*' a", "read a"),
        ("grep -e x a", "read a"),
        ("sed s/a/b/ f", "read f"),
        ("sed -i s/a/b/ f", "write f"),
        ("sed -i '' s/a/b/ f", "write f"),
        ("head -n 5 f", "read f"),
        ("cp a b c/", "read a, read b, write c/"),
        ("mv a b", "delete a, write b"),
        ("ln -s a b", "use a, write b"),
        ("rm -rf a b", "delete a, delete b"),
        ("chmod 755 a", "write a"),
        ("find a b -name x", "read a, read b"),
        ("find a -delete", "delete a"),
        ("dd if=a of=/dev/sda", "read a, write /dev/sda"),
        ("tar czf x.tgz -C d src", "read czf, read x.tgz, read src, write d"),
        ("curl -o f https://e.example/", "write f"),
        ("curl --output=f https://e.example/", "write f"),
        ("wget -P d https://e.example/", "write d"),
        ("echo x > a", "write a"),
        ("echo x >> a 2>&1", "write a"),
        ("sort < a > b", "read a, write b"),
        ("make 2> /dev/null", ""),
        ("echo /etc/passwd", ""),
        ("tool --config=/etc/x ../y", "use /etc/x, use ../y"),
        ("tool https://e.example/a", ""),
        ("cat -", ""),
        ("sort -o b a", "write b, read a"),
    ],
)
def test_files_are_found_with_what_is_done_to_them(line: str, touched: str) -> None:
    found = [
        f"{access} {word.text}"
        for command in parse_shell(line).commands
        for word, access in find_touched(command, PROGRAMS)
    ]
    assert sorted(found) == sorted(filter(None, touched.split(", ")))


@pytest.mark.parametrize(
    ("line", "hosts"),
    [
        ("curl https://a.example/x", "a.example"),
        ("curl -H 'X: https://b.example' a.example", "a.example"),
        ("curl -d x=1 https://a.example", "a.example!"),
        ("curl -XPOST https://a.example", "a.example!"),
        ("curl -X DELETE https://a.example", "a.example!"),
        ("curl --data-raw=x https://a.example", "a.example!"),
        ("curl --url=https://a.example", "a.example"),
        ("wget --post-file=f https://a.example", "a.example!"),
        ("git clone https://a.example/r.git", "a.example"),
        ("git push https://a.example/r.git", "a.example!"),
        ("pip install --index-url=https://a.example/simple x", "a.example"),
        ("pip install git+https://a.example/x", "a.example"),
        ("ssh -p 22 ann@a.example uptime", "a.example!"),
        ("scp f a.example:/x", "a.example!"),
        ("scp a.example:/x f", "a.example"),
        ("nc a.example 80", "a.example!"),
        ("nc -l 80", ""),
        ("socat - TCP:a.example:80", "a.example!"),
        ("echo x > /dev/tcp/a.example/80", "a.example!"),
        ("http POST a.example x=1", "a.example!"),
        ("echo https://a.example", "a.example"),
    ],
)
def test_hosts_are_found_and_whether_they_are_sent_something(line: str, hosts: str) -> None:
    found = [
        f"{host.name}{'!' if sends else ''}"
        for command in parse_shell(line).commands
        for _, host, sends in find_endpoints(command, PROGRAMS)
    ]
    assert sorted(found) == sorted(filter(None, hosts.split(", ")))


@pytest.mark.parametrize(
    ("line", "sql"),
    [
        ("psql -h db -c 'DROP TABLE t'", ["DROP TABLE t"]),
        ("psql --command='SELECT 1'", ["SELECT 1"]),
        ("mysql app -e 'SELECT 1'", ["SELECT 1"]),
        ("sqlite3 app.db 'SELECT 1' .tables", ["SELECT 1"]),
        ("psql -f x.sql", []),
        ("echo 'DROP TABLE t'", []),
    ],
)
def test_sql_of_clients_is_found(line: str, sql: list[str]) -> None:
    commands = parse_shell(line).commands
    assert [word.text for c in commands for word in find_client_sql(c, PROGRAMS)] == sql
