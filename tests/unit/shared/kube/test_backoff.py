"""Pauses between watches."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kube.backoff import Backoff

AT_ONCE = timedelta()


def whole(_: float, highest: float) -> float:
    """Cut nothing off."""
    return highest


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(timedelta(seconds=1), timedelta(seconds=5), jitter=whole)

    assert [backoff.pause(lasted=AT_ONCE).total_seconds() for _ in range(5)] == [1, 2, 4, 5, 5]


def test_only_a_connection_that_lasted_resets_them() -> None:
    backoff = Backoff(timedelta(seconds=1), timedelta(seconds=60), jitter=whole)
    for _ in range(4):
        backoff.pause(lasted=AT_ONCE)

    almost = backoff.pause(lasted=backoff.healthy - timedelta(milliseconds=1))
    healthy = backoff.pause(lasted=backoff.healthy)

    assert (almost, healthy) == (timedelta(seconds=16), timedelta(seconds=1))


@settings(max_examples=50)
@given(st.lists(st.integers(0, 20_000), max_size=100))
def test_no_pause_is_too_short_or_too_long(lifetimes: list[int]) -> None:
    backoff = Backoff()

    pauses = [backoff.pause(lasted=timedelta(milliseconds=lifetime)) for lifetime in lifetimes]

    assert all(backoff.first / 2 <= pause <= backoff.longest for pause in pauses)
