"""What is asked of the owner of a partition, and what it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.controls import REPLAY, PartitionStatus, ReplayRequest, control_subject
from shared.core.errors import InvalidObjectError
from shared.core.resources import GRAPHS, Ref

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=63)


@given(NAMES, NAMES)
def test_a_request_names_the_primary_that_it_was_made_of(namespace: str, name: str) -> None:
    primary = Ref(GRAPHS, namespace, name)

    assert ReplayRequest.decode(ReplayRequest.of(primary).encode()).primary == primary


def test_a_status_of_a_newer_version_can_be_read() -> None:
    body = b"""{"service": "rbac", "partition": 1, "member": "a", "token": 7, "version": "9", "is_complete": true,
               "colour": "blue"}"""

    status = PartitionStatus.decode(body)

    assert (status.member, status.token, status.queued) == ("a", 7, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"partition": "x"}'])
def test_what_is_no_status_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="not a PartitionStatus"):
        PartitionStatus.decode(body)


def test_a_subject_names_service_partition_and_question() -> None:
    assert control_subject("reconciler", 7, REPLAY) == "dynamo.control.reconciler.7.replay"
    assert control_subject("reconciler", 7, "*") == "dynamo.control.reconciler.7.*"
