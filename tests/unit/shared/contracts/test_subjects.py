"""Subjects, and names as tokens of them: reversible for any name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.subjects import (
    ChangeSubject,
    change_filter,
    change_subject,
    dead_letter_subject,
    decision_subject,
    decode_token,
    encode_token,
    parse_change_subject,
    parse_synced_subject,
    synced_subject,
)
from shared.core.errors import InvalidObjectError
from shared.core.resources import CUSTOM_RESOURCE_DEFINITIONS, GRAPHS, KNOWN, PODS, Ref

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_a_token_stands_for_exactly_one_name(name: str) -> None:
    token = encode_token(name)

    assert decode_token(token) == name
    assert token
    assert not set(token) & set(" .*>\t\r\n")


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS)
def test_two_names_never_share_a_token(one: str, other: str) -> None:
    assert (encode_token(one) == encode_token(other)) == (one == other)


@pytest.mark.parametrize(("name", "token"), [("", "-"), ("-", "=2D"), ("chat-1", "chat-1"), ("a.b", "a=2Eb")])
def test_most_names_stay_readable(name: str, token: str) -> None:
    assert encode_token(name) == token


@pytest.mark.parametrize("token", ["=FF", "ü", "€"])
def test_a_token_that_is_no_encoded_name_is_refused(token: str) -> None:
    with pytest.raises(InvalidObjectError, match="subject token"):
        decode_token(token)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99), st.sampled_from(KNOWN), TEXTS, TEXTS)
def test_a_change_subject_is_read_as_it_was_written(
    partition: int, resource: object, namespace: str, name: str
) -> None:
    ref = Ref(resource, namespace, name)  # type: ignore[arg-type]  # one of KNOWN

    subject = change_subject(partition, ref)

    assert parse_change_subject(str(subject)) == subject
    assert parse_change_subject(str(subject)).ref == ref


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_anything_else_is_refused_by_name(subject: str) -> None:
    with pytest.raises(InvalidObjectError):
        parse_change_subject(f"dynamo.changes.²{subject}")


@pytest.mark.parametrize("subject", ["", "dynamo.changes.1.pods.team", "dynamo.synced.pods", "a.changes.1.pods.t.n"])
def test_a_subject_of_something_else_is_no_change_subject(subject: str) -> None:
    with pytest.raises(InvalidObjectError, match="is not a change subject"):
        parse_change_subject(subject)


def test_an_unknown_resource_is_refused() -> None:
    with pytest.raises(InvalidObjectError, match="unknown resource 'widgets'"):
        _ = ChangeSubject(1, "widgets", "team", "one").ref


def test_subjects_are_those_that_people_type() -> None:
    graph = Ref(GRAPHS, "team-a", "chat")

    assert str(change_subject(7, graph)) == "dynamo.changes.7.dynamographdeployments.team-a.chat"
    assert change_filter(7, GRAPHS) == "dynamo.changes.7.dynamographdeployments.>"
    assert decision_subject("rbac", graph) == "dynamo.decisions.rbac.dynamographdeployments.team-a.chat"
    assert dead_letter_subject("rbac", graph) == "dynamo.dlq.rbac.dynamographdeployments.team-a.chat"
    assert str(change_subject(0, Ref(CUSTOM_RESOURCE_DEFINITIONS, "", "a.b"))).endswith(".-.a=2Eb")


def test_markers_have_a_subject_for_each_resource() -> None:
    assert parse_synced_subject(synced_subject(PODS)) is PODS
    assert parse_synced_subject("dynamo.synced.widgets") is None
    assert parse_synced_subject("dynamo.changes.pods") is None
