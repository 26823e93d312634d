"""Whether a claim still holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import LeaseLostError
from shared.ports.store import Lease
from shared.runtime.partitions.claims.fences import ClaimFence, Tenure, remaining, write_deadline
from shared.testing.clock import FakeClock


def a_lease(*, sent_at: float = 0.0, ttl: float = 10.0) -> Lease:
    return Lease(1, timedelta(seconds=ttl), sent_at)


def a_fence(clock: FakeClock, tenure: Tenure) -> ClaimFence:
    return ClaimFence("claims/0", 7, tenure, clock)


@pytest.mark.parametrize(
    ("ttl", "deadline"),
    [
        pytest.param(10, 5, id="a write has five seconds to arrive"),
        pytest.param(60, 5, id="however long the lease"),
        pytest.param(2, 1, id="half of a short lease"),
    ],
)
def test_a_write_has_to_arrive_within_the_claim(ttl: float, deadline: float) -> None:
    assert write_deadline(timedelta(seconds=ttl)) == timedelta(seconds=deadline)


def test_a_lease_counts_from_when_it_was_asked_for() -> None:
    assert remaining(a_lease(sent_at=3.0), now=5.0) == 8.0


@pytest.mark.asyncio
async def test_a_fence_holds_while_the_claim_outlasts_a_write() -> None:
    clock = FakeClock()
    fence = a_fence(clock, Tenure(a_lease()))

    await clock.advance(timedelta(seconds=5))
    fence.check()
    await clock.advance(timedelta(milliseconds=1))

    with pytest.raises(LeaseLostError, match="holds for 5"):
        fence.check()


@pytest.mark.asyncio
async def test_a_suspended_machine_does_not_stop_the_count() -> None:
    clock = FakeClock()
    fence = a_fence(clock, Tenure(a_lease()))

    await clock.suspend(timedelta(minutes=5))

    with pytest.raises(LeaseLostError):
        fence.check()


def test_a_renewal_in_time_keeps_the_claims_trusted() -> None:
    tenure = Tenure(a_lease())

    tenure.renewed(a_lease(sent_at=9.0), now=9.5)

    assert tenure.is_trusted


def test_a_renewal_after_a_gap_leaves_the_claims_in_doubt_until_they_are_read() -> None:
    clock = FakeClock()
    tenure = Tenure(a_lease(sent_at=-20.0))
    fence = a_fence(clock, tenure)

    tenure.renewed(a_lease(sent_at=0.0), now=0.0)

    with pytest.raises(LeaseLostError, match="in doubt"):
        fence.check()
    tenure.resume()
    fence.check()


def test_an_ended_claim_refuses_writes_while_its_lease_lives_on() -> None:
    clock = FakeClock()
    tenure = Tenure(a_lease())
    lost, kept = a_fence(clock, tenure), a_fence(clock, tenure)

    lost.end()

    kept.check()
    with pytest.raises(LeaseLostError, match="lost"):
        lost.check()


def test_the_end_of_a_tenure_ends_all_its_claims() -> None:
    tenure = Tenure(a_lease())
    fence = a_fence(FakeClock(), tenure)

    tenure.end()

    with pytest.raises(LeaseLostError):
        fence.check()
