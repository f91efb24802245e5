import pytest

from orchestrator.rules.snippets import read_python


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("import os\nos.system('rm -rf /x')", ["rm -rf /x"]),
        ("subprocess.run(['rm', '-rf', '/etc/a b'])", ["rm -rf '/etc/a b'"]),
        ("subprocess.check_output('id', shell=True)", ["id"]),
        ("subprocess.run(['rm', name])", ["rm $ARGUMENT"]),
        ("os.popen(f'rm {name}')", ["rm $VALUE"]),
        ("os.system('rm ' + name)", ["rm $VALUE"]),
        ("!ls -la\nx = 1", ["ls -la"]),
        ("%%bash\nrm -rf /x\nls", ["rm -rf /x\nls"]),
        ("%system id", ["id"]),
        ("print('os.system(1)')", []),
        ("def system(): pass", []),
        ("!ls\nx ==== broken", ["ls"]),
    ],
)
def test_shell_lines_inside_python_are_found(code: str, lines: list[str]) -> None:
    assert [line.text for line in read_python(code).lines] == lines


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("open('/etc/shadow').read()", [("/etc/shadow", "read")]),
        ("open('a', 'w')", [("a", "write")]),
        ("open('a', mode='ab')", [("a", "write")]),
        ("os.remove('a')", [("a", "delete")]),
        ("shutil.rmtree('/srv/x')", [("/srv/x", "delete")]),
        ("shutil.copy('a', 'b')", [("a", "read"), ("b", "write")]),
        ("Path('a').unlink()", [("a", "delete")]),
        ("Path('~/.netrc').expanduser().read_text()", [("~/.netrc", "read")]),
        ("open(os.path.join('/etc', 'shadow'))", [("/etc/shadow", "read")]),
        ("open(os.path.expanduser('~/.netrc'))", [("~/.netrc", "read")]),
        ("shutil.rmtree(f'/home/{u}/x')", [("/home/$VALUE/x", "delete")]),
        ("open(name)", []),
    ],
)
def test_files_inside_python_are_found(code: str, files: list[tuple[str, str]]) -> None:
    found = read_python(code).files
    assert sorted((path.text, access) for path, access in found) == files


def test_hosts_inside_python_are_found() -> None:
    code = "requests.get('https://a.example/')\nhttpx.post('https://b.example/', json={})"
    found = {url.text: sends for url, sends in read_python(code).urls}
    assert found == {"https://a.example/": False, "https://b.example/": True}


def test_places_are_places_in_the_code() -> None:
    code = "x = 1\nos.system('rm -rf /x')"
    (line,) = read_python(code).lines
    assert code[line.start : line.start + len(line.text)] == "rm -rf /x"


@pytest.mark.parametrize(
    "code",
    ["(" * 7000 + "open", "open(" * 1500 + ")" * 1500, "lambda: " * 900 + "open()", "open\x00()",
     "x = '\\d' # open", "-" * 7000 + "1 # open", "open('a'" + "\ud800')"],
)  # fmt: skip
def test_odd_code_does_no_harm(code: str) -> None:
    assert read_python(code).lines == ()
