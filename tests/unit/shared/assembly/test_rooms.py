"""What a room's app is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.assembly.rooms import Platform, member_name
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.resources import GRAPHS
from shared.runtime.clock import SystemClock
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.decisions import DecisionLog, Origin
from shared.runtime.health import Readiness
from shared.runtime.partitions.rules import pass_rules
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.store import FakeStore


def a_platform(**settings: object) -> Platform:
    """Return what an app is given, on fakes."""
    clock = FakeClock()
    bus, origin = FakeBus(clock), Origin("rbac", "here", "1.2.3")
    return Platform(
        settings=ServiceSettings.model_validate(settings),
        service=Service("rbac", Readiness("rbac")),
        cluster=FakeCluster(clock),  # type: ignore[arg-type]  # all that is used of the adapter is its ports
        bus=bus,
        store=FakeStore(clock),
        clock=SystemClock(),
        keys=EtcdKeys("here"),
        decisions=DecisionLog(bus, clock, origin),
        letters=DeadLetters(bus, clock, origin),
        member="one",
    )


@pytest.mark.parametrize(
    ("ttl", "settle"),
    [
        pytest.param("10s", timedelta(seconds=5), id="as designed"),
        pytest.param("2s", timedelta(seconds=1), id="shorter in tests"),
        pytest.param("60s", timedelta(seconds=5), id="never longer"),
    ],
)
def test_claims_settle_within_half_their_life(ttl: str, settle: timedelta) -> None:
    claims = a_platform(claim_ttl=ttl).claims

    assert (claims.ttl, claims.settle) == (ServiceSettings.model_validate({"claim_ttl": ttl}).claim_ttl, settle)


def test_a_room_gets_a_partition_service_for_its_rules() -> None:
    around = a_platform()
    rules = pass_rules("rbac", reads=frozenset({GRAPHS}), primaries={})

    service = around.partitions(rules, max_in_flight=3)

    assert (service.rules, service.member, service.options.max_in_flight) == (rules, "one", 3)
    assert service.readiness is around.service.readiness


def test_two_processes_of_one_host_have_two_names() -> None:
    assert member_name() != member_name()
