from typing import Any

import pytest

from orchestrator.domain.action import Action, ToolSpec
from orchestrator.errors import PolicyError
from orchestrator.rules.policies import PolicyText, find_tools
from orchestrator.rules.tools import plain_name, read_tools

TOOLS = read_tools(find_tools())


def kind_of(tool: str, spec: ToolSpec | None = None, **arguments: Any) -> tuple[str, str]:
    identity = TOOLS.identify(Action(id="a", tool=tool, arguments=arguments), spec)
    return identity.kind, identity.how


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ("bash", "shell"), ("Bash", "shell"), ("execute_bash", "shell"),
        ("run_shell_command", "shell"), ("mcp__srv__run_command", "shell"),
        ("functions.bash", "shell"), ("container.exec", "other"), ("Read", "file_read"),
        ("execute_ipython_cell", "code"), ("MultiEdit", "file_write"), ("WebFetch", "http"),
        ("send_email", "mail"), ("send-money", "payment"), ("Task", "delegate"),
        ("query_sql", "sql"), ("update_password", "account"), ("TodoWrite", "other"),
    ],
)  # fmt: skip
def test_known_names_are_known_however_hosts_write_them(tool: str, kind: str) -> None:
    assert kind_of(tool)[0] == kind


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"command": "ls"}, "shell"),
        ({"cmd": "ls -l", "timeout": 5, "description": "list"}, "shell"),
        ({"command": "create", "id": "7"}, "other"),
        ({"code": "print(1)"}, "code"),
        ({"path": "a", "content": "x"}, "file_write"),
        ({"path": "a"}, "file_read"),
        ({"url": "https://a.example", "headers": {}}, "http"),
        ({"query": "SELECT 1"}, "sql"),
        ({"query": "weather in Turku"}, "other"),
        ({"to": "a@b.example", "subject": "x", "body": "y"}, "mail"),
        ({"recipient": "Acme", "amount": 3}, "payment"),
        ({"user_id": "u1"}, "other"),
        ({}, "other"),
    ],
)
def test_unknown_tools_are_known_by_their_shape_and_it_is_said(
    arguments: dict[str, Any], kind: str
) -> None:
    found, how = kind_of("frobnicate", **arguments)
    assert found == kind
    assert how == "unknown" if kind == "other" else how.startswith(f"taken for {kind} by its")


def test_the_schema_gives_the_shape_away_where_a_call_leaves_arguments_out() -> None:
    spec = ToolSpec(name="x", parameters={"properties": {"recipient": {}, "amount": {}}})
    assert kind_of("x", spec)[0] == "payment"


def test_the_host_knows_best() -> None:
    assert kind_of("bash", ToolSpec(name="bash", kind="other")) == ("other", "declared by the host")


def test_one_tool_may_do_several_things() -> None:
    assert kind_of("str_replace_editor", command="view", path="a")[0] == "file_read"
    assert kind_of("str_replace_editor", command="create", path="a")[0] == "file_write"
    assert kind_of("str_replace_editor")[0] == "file_write"
    assert kind_of("str_replace_editor", command=["view"])[0] == "file_write"


def test_names_are_compared_without_prefix_case_and_separators() -> None:
    assert plain_name("mcp__gh__Create-Issue") == plain_name("create_issue") == "createissue"


def test_a_wrong_mapping_is_refused_with_its_line() -> None:
    text = find_tools().text.replace("shell: [bash", "shel: [bash", 1)
    with pytest.raises(PolicyError, match=r"tools\.yaml:\d+: .*'shel'.*did you mean 'shell'"):
        read_tools(PolicyText("tools.yaml", text))
