from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.clock import ManualClock
from orchestrator.domain.event import EVENT, UserSaid
from orchestrator.ledger.chain import Chain, opening, read_label, write_time

texts = st.text(st.characters(exclude_categories=["Cs"]))
instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(0))]))


@given(st.lists(st.lists(texts, max_size=4), max_size=6))
def test_hash_covers_previous_hash_and_exact_body(batches: list[list[str]]) -> None:
    chain, head, seq = Chain("r", ManualClock()), bytes(32), 0
    for batch in batches:
        for event, stored in chain.extend([UserSaid(text=text) for text in batch]):
            head = sha256(head + stored.body).digest()
            assert stored.hash == head.hex()
            assert stored.seq == event.seq == seq
            assert EVENT.validate_json(stored.body) == event
            seq += 1
    assert (chain.count, chain.head) == (seq, head.hex())


@given(st.lists(texts, min_size=1, max_size=8), st.data())
def test_batching_does_not_change_the_chain(said: list[str], data: st.DataObject) -> None:
    facts = [UserSaid(text=text) for text in said]
    cut = data.draw(st.integers(0, len(facts)))
    whole, parts = Chain("r", ManualClock()), Chain("r", ManualClock())
    together = whole.extend(facts)
    assert together == parts.extend(facts[:cut]) + parts.extend(facts[cut:])


@given(instants, st.text("abc-_.012", min_size=1), st.integers(0, 10**9))
def test_label_is_read_back_from_the_bytes(at: datetime, run: str, seq: int) -> None:
    chain = Chain(run)
    chain.count = seq
    [(event, stored)] = chain.extend([UserSaid(text='","fact":{"kind":"no"')], at)
    assert stored.body.startswith(opening(run, seq))
    assert read_label(stored.body, run, seq) == (write_time(event.at), "user_said")
    assert read_label(stored.body, run, seq + 1) == ("", "")
    assert read_label(stored.body[:40], run, seq) == ("", "")


def test_what_cannot_be_written_leaves_the_chain_as_it_was() -> None:
    chain = Chain("r", ManualClock())
    chain.extend([UserSaid(text="fine")])
    before = chain.count, chain.head
    with pytest.raises(ValueError, match="surrogates not allowed"):
        chain.extend([UserSaid(text="fine"), UserSaid.model_construct(text="\ud800")])
    assert (chain.count, chain.head) == before
