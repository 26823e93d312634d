"""Readiness: named checks with reasons."""

from __future__ import annotations

from prometheus_client import REGISTRY

from shared.runtime.health import Readiness


def test_a_service_without_checks_is_ready() -> None:
    assert Readiness("unit").is_ready


def test_one_waiting_check_is_enough_not_to_be_ready() -> None:
    readiness = Readiness("unit")

    readiness.clear("nats")
    readiness.wait("etcd", "not connected yet")

    assert not readiness.is_ready
    assert (readiness.waiting, readiness.fine) == ({"etcd": "not connected yet"}, ("nats",))


def test_a_check_can_pass_fail_and_be_forgotten() -> None:
    readiness = Readiness("unit")

    readiness.wait("views", "2 partitions wait")
    readiness.clear("views")
    readiness.wait("views", "1 partition waits")
    readiness.drop("views")

    assert (readiness.is_ready, readiness.waiting, readiness.fine) == (True, {}, ())


def test_readiness_is_a_metric_too() -> None:
    readiness = Readiness("unit-metric")

    readiness.wait("etcd", "not connected yet")

    assert REGISTRY.get_sample_value("dynamo_operator_readiness_status", {"platform_service": "unit-metric"}) == 0
