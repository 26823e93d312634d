"""Transition times, and telling statuses apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.status.stamping import stamped, status_digest

NOON = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)
EARLIER = "2026-01-08T11:00:00Z"
NOW = "2026-01-08T12:00:00Z"


def status(truth: str, time: str = "", kind: str = "Ready", **fields: Any) -> dict[str, Any]:
    condition = {"type": kind, "status": truth, "reason": "R", "message": "", **fields}
    return {"conditions": [condition | ({"lastTransitionTime": time} if time else {})]}


@pytest.mark.rule("W-55", "workloads 9.4 #2")
@pytest.mark.parametrize(
    ("previous", "time"),
    [
        pytest.param(None, NOW, id="first status"),
        pytest.param({}, NOW, id="no conditions yet"),
        pytest.param(status("True", EARLIER), EARLIER, id="unchanged"),
        pytest.param(status("True", EARLIER, reason="Other", message="else"), EARLIER, id="only the words changed"),
        pytest.param(status("False", EARLIER), NOW, id="changed"),
        pytest.param(status("True", EARLIER, kind="Other"), NOW, id="another condition"),
        pytest.param(status("True"), NOW, id="a condition without a time"),
    ],
)
def test_the_time_moves_only_when_the_status_does(previous: Any, time: str) -> None:
    assert stamped(status("True"), previous, NOON)["conditions"][0]["lastTransitionTime"] == time


def test_times_are_written_in_utc() -> None:
    at = NOON.astimezone(timezone(timedelta(hours=5)))

    assert stamped(status("True"), None, at)["conditions"][0]["lastTransitionTime"] == NOW


@given(st.sampled_from(["True", "False", "Unknown"]), st.sampled_from(["True", "False"]))
def test_stamping_twice_is_stamping_once(truth: str, before: str) -> None:
    once = stamped(status(truth), status(before, EARLIER), NOON)

    assert stamped(status(truth), once, NOON + timedelta(hours=1)) == once


def test_times_and_order_do_not_tell_statuses_apart() -> None:
    one, other = status("True", EARLIER)["conditions"][0], status("False", kind="Other")["conditions"][0]

    assert status_digest({"conditions": [one, other]}) == status_digest(
        {"conditions": [other, {**one, "lastTransitionTime": NOW}]}
    )
    assert status_digest(status("True")) != status_digest(status("False"))


def test_no_status_has_a_digest_of_its_own() -> None:
    assert status_digest(None) == status_digest({"conditions": []})
