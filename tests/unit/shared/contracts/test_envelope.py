"""The envelope: what is written is read, what is damaged is refused by the header's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.envelope import (
    CHANGE_TYPES,
    MESSAGE_ID,
    ChangeHeaders,
    DecisionHeaders,
    correlation_id,
    decode_change,
    event_source,
    is_news,
    object_subject,
)
from shared.core.errors import InvalidObjectError
from shared.core.resources import GRAPHS, NODES

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
HEADERS = st.builds(
    ChangeHeaders,
    id=WORDS,
    type=st.sampled_from(CHANGE_TYPES),
    source=WORDS,
    subject=WORDS,
    time=st.datetimes(timezones=st.just(UTC)),
    plural=st.sampled_from(("pods", "nodes", "dynamomodels")),
    uid=st.just("") | WORDS,
    version=st.integers(0, 1 << 63),
    epoch=WORDS,
    partition=st.integers(0, 31),
    generation=st.integers(0, 99),
    ownership_digest=st.just("") | WORDS,
    correlation=st.just("") | WORDS,
    causation=st.just("") | WORDS,
    is_copy=st.booleans(),
    dataref=st.just("") | WORDS,
)
KNOWN = ChangeHeaders(
    id="u.5",
    type="modified",
    source="/s",
    subject="/x",
    time=datetime(2025, 1, 1, tzinfo=UTC),
    plural="pods",
    uid="u",
    version=5,
    epoch="e.0",
    partition=1,
)


@settings(max_examples=60, deadline=None)
@given(HEADERS)
def test_a_change_survives_the_wire(headers: ChangeHeaders) -> None:
    assert decode_change(headers.encode()) == headers


def test_a_change_carries_no_message_id() -> None:
    assert MESSAGE_ID not in KNOWN.encode()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce-id", ""),
        ("ce-type", "com.nvidia.dynamo.pods.changed.v1"),
        ("ce-type", "com.nvidia.dynamo.pods.added.v2"),
        ("ce-source", ""),
        ("ce-subject", ""),
        ("ce-time", "yesterday"),
        ("ce-time", "2025-01-01T00:00:00"),
        ("ce-resourceversion", "²"),
        ("ce-resourceversion", "-1"),
        ("ce-epoch", ""),
        ("ce-partition", "one"),
        ("ce-generation", "1.5"),
    ],
)
def test_a_damaged_header_is_refused_by_name(header: str, value: str) -> None:
    with pytest.raises(InvalidObjectError, match=header):
        decode_change(KNOWN.encode() | {header: value})


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(KNOWN.encode())), st.text(max_size=8)))
def test_no_header_of_any_form_raises_anything_else(damage: dict[str, str]) -> None:
    try:
        decode_change(KNOWN.encode() | damage)
    except InvalidObjectError:
        return


@pytest.mark.parametrize(
    ("change", "known", "expected"),
    [
        pytest.param(KNOWN, None, True, id="the first state"),
        pytest.param(replace(KNOWN, is_copy=True), None, False, id="a copy"),
        pytest.param(replace(KNOWN, type="deleted"), None, False, id="the end of what nobody knew"),
        pytest.param(replace(KNOWN, version=6), KNOWN, True, id="a newer state"),
        pytest.param(replace(KNOWN, version=4), KNOWN, False, id="an older state"),
        pytest.param(replace(KNOWN, type="deleted", version=6), KNOWN, True, id="its end"),
        pytest.param(replace(KNOWN, type="deleted", version=4), KNOWN, False, id="the end of a former one"),
        pytest.param(replace(KNOWN, type="moved", version=5), KNOWN, False, id="left for where it is known from"),
        pytest.param(replace(KNOWN, type="moved", version=6), KNOWN, True, id="left for where nobody told of it yet"),
        pytest.param(replace(KNOWN, version=1, epoch="f.0"), KNOWN, True, id="another epoch"),
    ],
)
def test_news_is_what_is_newer_whichever_partition_tells_it(
    change: ChangeHeaders, known: ChangeHeaders | None, expected: bool
) -> None:
    assert is_news(change, known) is expected


def test_a_decision_is_stored_once_however_often_it_is_sent() -> None:
    headers = DecisionHeaders("i", "rbac", "created", "/s", "/x", KNOWN.time, correlation="c.1").encode()

    assert headers[MESSAGE_ID] == headers["ce-id"] == "i"
    assert headers["ce-type"] == "com.nvidia.dynamo.rbac.created.v1"
    assert headers["ce-correlationid"] == "c.1"
    assert "ce-causationid" not in headers


def test_texts_of_the_envelope() -> None:
    assert correlation_id("3f2a91c0-11", 2) == "3f2a91c0.2"
    assert event_source(version="1", install="a", service="watcher", epoch="e.0") == "/dynamo-platform/1/a/watcher/e.0"
    assert event_source(version="1", install="a", service="rbac").endswith("/1/a/rbac")
    assert object_subject(GRAPHS, "t", "n") == "/apis/nvidia.com/v1alpha1/namespaces/t/dynamographdeployments/n"
    assert object_subject(NODES, "", "n") == "/api/v1/nodes/n"
