from importlib import resources

import pytest

from orchestrator.errors import PolicyError
from orchestrator.rules.constitution import read_constitution
from orchestrator.rules.document import read_document
from orchestrator.rules.policies import PolicyText, find_policies
from tests.rules.drive import shipped

TEXT = find_policies(()).constitution


def test_every_external_id_is_on_the_list() -> None:
    path = resources.files("policies") / "external_ids.yaml"
    listed = read_document(path.read_text("utf-8"), str(path)).data
    owasp, atlas = set(listed["owasp_agentic"]["ids"]), set(listed["mitre_atlas"]["ids"])
    assert owasp == {f"ASI{number:02}" for number in range(1, 11)}
    clauses = read_constitution(TEXT).clauses
    assert {id for clause in clauses for id in clause.owasp} <= owasp
    assert {id for clause in clauses for id in clause.atlas} <= atlas
    assert {id for clause in clauses for id in clause.owasp} == owasp, "each is covered"
    assert all(clause.owasp and clause.atlas for clause in clauses)


def test_every_clause_says_why_and_is_enforced_by_a_rule() -> None:
    rules = shipped()
    clauses = rules.constitution.clauses
    assert len(clauses) >= 20
    enforced = {rule.spec.clause for rule in rules.rules}
    assert {clause.id for clause in clauses} <= enforced
    for clause in clauses:
        assert clause.text.endswith(".") and len(clause.rationale) > 40


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: high", "severity: hihg", "unknown word 'hihg'; did you mean 'high'"),
        ("rationale:", "rational:", "unknown key 'rational'; did you mean 'rationale'"),
        ("id: mind-the-source", "id: stay-in-scope", "stands here twice"),
        ("id: legible-actions", "id: readable-actions", "legible-actions is missing"),
        ('version: "1.0"', "version: 1", "version: "),
    ],
)
def test_a_wrong_constitution_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        read_constitution(PolicyText("constitution.yaml", TEXT.text.replace(old, new, 1)))


def test_its_version_and_bytes_are_named() -> None:
    ref = read_constitution(TEXT).ref
    other = read_constitution(PolicyText(TEXT.file, TEXT.text + "\n")).ref
    assert (ref.name, ref.version) == ("constitution", "1.0")
    assert len(ref.hash) == 64 and ref.hash != other.hash
