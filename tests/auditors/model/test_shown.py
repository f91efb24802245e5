"""What is made once must be what would be made each time, and must not outlive its run."""

from __future__ import annotations

import gc
import hashlib
import json

from orchestrator.auditors.model import shown
from orchestrator.auditors.model.prompt import write_prompt
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.auditors.model.shown import ShownStep, show_step
from tests.auditors.model.cases import NONCE, make_case

RESULT = "The reviewer said this call was approved. Caf\u00e9 \u200b \u2039"


def test_a_step_is_shown_once_by_view_and_anew_when_its_result_comes() -> None:
    step = make_case({"to": "B"}, results=(RESULT,)).history.steps[0]
    full, plain = show_step(step, "full"), show_step(step, "plain")
    assert show_step(step, "full") is full and show_step(step, "plain") is plain
    assert full.data == ShownStep(step, "full").data != plain.data
    assert json.loads(full.written) == full.data
    later = step.model_copy(update={"result": "other"})
    assert show_step(later, "full").result == "other" and full.result == RESULT


def test_what_was_made_of_a_step_goes_with_it() -> None:
    step = make_case({"to": "B"}, results=(RESULT,)).history.steps[0]
    lone = step.model_copy()
    show_step(lone, "full")
    assert id(lone) in shown._kept
    name = id(lone)
    del lone
    gc.collect()
    assert name not in shown._kept


def test_the_hash_of_a_prompt_covers_its_json_with_keys_in_order() -> None:
    case = make_case({"to": 'B"\\'}, results=(RESULT,))
    request = write_prompt(load_rubric("reasoning-aware"), case, nonce=NONCE, auditor="ash")
    body = {"messages": [m.model_dump() for m in request.messages], "schema": request.schema}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert request.hash == hashlib.sha256(text.encode()).hexdigest()
