"""The decision log's sender: order, loss, and what never stalls a pass."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest
from prometheus_client import REGISTRY

from shared.contracts.streams import DECISIONS, stream_specs
from shared.core.resources import GRAPHS, Ref
from shared.ports.mandates import MANDATE, Mandate
from shared.ports.passes import Decision
from shared.runtime.decisions import BATCH, DecisionLog, Origin
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio

CHAT = Ref(GRAPHS, "demo", "chat")
ORIGIN = Origin("reconciler", "here", "1.2.3")


async def a_log(clock: FakeClock, *, limit: int = 1000, service: str = "reconciler") -> tuple[FakeBus, DecisionLog]:
    """Return a sender and the bus that it sends to."""
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="here")
    return bus, DecisionLog(bus, clock, Origin(service, "here", "1.2.3", f"{service}-1"), limit)


def a_decision(message: str = "applied 4 components") -> Decision:
    """Return a decision about a graph."""
    return Decision(CHAT, "applied", message, correlation="3f2a91c0.2", causation="event-1", facts={"children": 4})


def dropped(service: str, reason: str) -> float:
    """Return how many decisions of a service were dropped."""
    labels = {"platform_service": service, "reason": reason}
    return REGISTRY.get_sample_value("dynamo_operator_decisions_dropped_total", labels) or 0.0


async def test_a_decision_is_stored_with_its_envelope() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock)

    log.record(a_decision())
    await log.flush(timedelta(seconds=1))

    (stored,) = bus.messages(DECISIONS)
    assert stored.subject == "dynamo.decisions.reconciler.dynamographdeployments.demo.chat"
    assert stored.headers["ce-type"] == "com.nvidia.dynamo.reconciler.applied.v1"
    assert stored.headers["ce-source"] == "/dynamo-platform/1.2.3/here/reconciler"
    assert (stored.headers["ce-correlationid"], stored.headers["ce-causationid"]) == ("3f2a91c0.2", "event-1")
    assert orjson.loads(stored.body) == {"message": "applied 4 components", "facts": {"children": 4}}


async def test_a_decision_names_the_replica_and_the_claim_under_which_it_was_made() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock)

    async def decide() -> None:
        MANDATE.set(Mandate("24", 1729))
        log.record(a_decision())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(decide())
    log.record(a_decision())
    await log.flush(timedelta(seconds=1))

    made, outside = [message.headers for message in bus.messages(DECISIONS)]
    assert (made["ce-member"], made["ce-partition"], made["ce-fence"]) == ("reconciler-1", "24", "1729")
    assert (outside["ce-member"], outside.get("ce-partition"), outside.get("ce-fence")) == ("reconciler-1", None, None)


async def test_decisions_keep_their_order_over_batches() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock)
    messages = [f"step {number}" for number in range(BATCH * 2 + 5)]

    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(log.run())
        for message in messages:
            log.record(a_decision(message))
        await clock.settle()
        sending.cancel()

    assert [orjson.loads(stored.body)["message"] for stored in bus.messages(DECISIONS)] == messages


async def test_a_full_queue_drops_and_counts() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock, limit=2, service="full")

    for number in range(5):
        log.record(a_decision(str(number)))
    await log.flush(timedelta(seconds=1))

    assert len(bus.messages(DECISIONS)) == 2
    assert dropped("full", "queue full") == 3


async def test_decisions_wait_for_the_bus_and_are_stored_once() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock)

    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(log.run())
        bus.lose_acks(1)
        log.record(a_decision("first"))
        await clock.advance(timedelta(seconds=30))
        bus.stop()
        log.record(a_decision("second"))
        await clock.advance(timedelta(seconds=30))
        waiting = log.waiting
        bus.start()
        await clock.advance(timedelta(seconds=30))
        sending.cancel()

    assert waiting == 1
    assert log.waiting == 0
    assert [orjson.loads(stored.body)["message"] for stored in bus.messages(DECISIONS)] == ["first", "second"]


async def test_a_refused_decision_is_dropped_and_counted() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock, service="denied")
    bus.deny("dynamo.decisions.>")

    log.record(a_decision())
    await log.flush(timedelta(seconds=1))

    assert (log.waiting, dropped("denied", "refused")) == (0, 1)


async def test_what_was_in_hand_when_cancelled_is_sent_by_the_flush() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock)
    sent = asyncio.Event()

    async def hold(call: str, _: str) -> None:
        if call == "publish" and not sent.is_set():
            sent.set()
            await asyncio.Event().wait()

    bus.before = hold
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(log.run())
        log.record(a_decision())
        await sent.wait()
        sending.cancel()
    await log.flush(timedelta(seconds=1))

    assert len(bus.messages(DECISIONS)) == 1


async def test_a_flush_ends_with_its_budget() -> None:
    clock = FakeClock()
    bus, log = await a_log(clock)
    bus.stop()
    log.record(a_decision())

    await log.flush(timedelta(milliseconds=10))

    assert log.waiting == 1
