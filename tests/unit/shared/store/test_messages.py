"""Ranges and watch answers."""

from __future__ import annotations

import pytest
from etcd3 import etcdrpc
from hypothesis import given
from hypothesis import strategies as st

from shared.ports.store import KeyDropped, KeyPut, KeyValue
from shared.store.messages import prefix_end, revision_of_change, watch_news

KEYS = st.text(st.characters(codec="utf-8"), max_size=6)


@given(KEYS.filter(bool), KEYS, KEYS)
def test_a_range_holds_exactly_the_keys_that_begin_with_its_prefix(prefix: str, rest: str, other: str) -> None:
    begin, end = prefix.encode(), prefix_end(prefix)

    assert begin <= (prefix + rest).encode() < end
    assert (begin <= other.encode() < end) == other.startswith(prefix)


def test_the_empty_prefix_is_the_range_of_all_keys() -> None:
    assert prefix_end("") == b"\0"


def test_a_watch_answer_gives_puts_and_drops_at_their_own_revisions() -> None:
    put = {"type": 0, "kv": {"key": b"/a", "value": b"1", "create_revision": 3, "mod_revision": 7, "lease": 5}}
    drop = {"type": 1, "kv": {"key": b"/b", "mod_revision": 8}}

    news = watch_news(etcdrpc.WatchResponse(header={"revision": 99}, events=[put, drop]))

    assert news.changes == (KeyPut(KeyValue("/a", b"1", 3, 7, 5)), KeyDropped("/b", 8))
    assert [revision_of_change(change) for change in news.changes] == [7, 8]
    assert not news.is_ended


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"canceled": True, "cancel_reason": "permission denied"}, "permission denied", id="canceled"),
        pytest.param({"compact_revision": 12}, "compacted at 12", id="compacted"),
    ],
)
def test_a_watch_that_cannot_go_on_says_why(fields: dict[str, object], reason: str) -> None:
    news = watch_news(etcdrpc.WatchResponse(**fields))

    assert news.is_ended
    assert news.reason == reason
