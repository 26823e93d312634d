"""Which edit an object's change belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.watcher.changes.publications import publications
from services.watcher.correlations import Correlations
from shared.contracts.envelope import ChangeType
from shared.contracts.streams import stream_specs
from shared.core import labels
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, ROLES
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from tests.unit.services.watcher.changes.builders import NOW, ORIGIN, an_object

pytestmark = pytest.mark.asyncio

DEPLOYMENT = an_object(DEPLOYMENTS, "web", metadata={"labels": {labels.GRAPH_NAME: "chat"}})


def a_graph(*, generation: int = 1, version: int = 10, **more: Any) -> Manifest:
    """Return graph `chat`."""
    return an_object(GRAPHS, "chat", version=version, metadata={"uid": "3f2a91c0-aa", "generation": generation}, **more)


async def publish(bus: FakeBus, manifest: Manifest, change: ChangeType = "modified") -> None:
    """Publish a graph as the watcher does."""
    for each in publications(GRAPHS, manifest, change, origin=ORIGIN, time=NOW):
        await bus.publish(each.subject, each.body, each.headers.encode())


@asynccontextmanager
async def following() -> AsyncIterator[tuple[FakeClock, FakeBus, Correlations]]:
    """Follow the graphs of a log."""
    clock = FakeClock()
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="test")
    found = Correlations(bus, clock)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(found.run())
        yield clock, bus, found
        running.cancel()


async def test_an_object_belongs_to_the_newest_edit_of_its_graph() -> None:
    async with following() as (clock, bus, found):
        await publish(bus, a_graph())
        await publish(bus, a_graph(generation=2, version=11))
        await clock.settle()

        assert found.of(DEPLOYMENTS, DEPLOYMENT) == "3f2a91c0.2"


async def test_what_a_graph_controls_needs_no_label() -> None:
    owner = {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "name": "chat", "uid": "u", "controller": True}
    role = an_object(ROLES, "chat-role", metadata={"ownerReferences": [owner]})
    async with following() as (clock, bus, found):
        await publish(bus, a_graph())
        await clock.settle()

        assert found.of(ROLES, role) == "3f2a91c0.1"


async def test_graphs_and_lone_components_are_edits_themselves() -> None:
    async with following() as (_, _, found):
        assert found.of(GRAPHS, a_graph(generation=4)) == "3f2a91c0.4"
        assert found.of(COMPONENTS, an_object(COMPONENTS, "c", metadata={"uid": "abcdefgh-1", "generation": 2})) == (
            "abcdefgh.2"
        )


async def test_what_belongs_to_no_known_graph_has_no_edit() -> None:
    async with following() as (_, _, found):
        assert found.of(DEPLOYMENTS, DEPLOYMENT) == ""
        assert found.of(DEPLOYMENTS, an_object(DEPLOYMENTS)) == ""


async def test_a_deleted_graph_is_forgotten() -> None:
    async with following() as (clock, bus, found):
        await publish(bus, a_graph())
        await publish(bus, a_graph(version=11), "deleted")
        await clock.settle()

        assert found.of(DEPLOYMENTS, DEPLOYMENT) == ""


async def test_a_graph_that_only_left_a_partition_is_not_forgotten() -> None:
    with_model: dict[str, Any] = {"spec": {"services": {"w": {"modelRef": {"name": "llama"}}}}}
    async with following() as (clock, bus, found):
        before = publications(GRAPHS, a_graph(**with_model), "added", origin=ORIGIN, time=NOW)
        held = frozenset(each.subject for each in before)
        after = publications(GRAPHS, a_graph(version=11), "modified", origin=ORIGIN, time=NOW, held=held)
        for each in (*before, *after):
            await bus.publish(each.subject, each.body, each.headers.encode())
        await clock.settle()

        assert "moved" in {each.headers.type for each in after}
        assert found.of(DEPLOYMENTS, DEPLOYMENT) == "3f2a91c0.1"


async def test_goes_on_after_an_outage_and_past_what_nobody_can_read() -> None:
    async with following() as (clock, bus, found):
        await clock.settle()
        bus.wipe()
        await bus.provision(stream_specs(), install="test")
        await bus.publish("dynamo.changes.1.dynamographdeployments.team.bad", b"{}", {})
        await publish(bus, a_graph())
        await clock.advance(timedelta(seconds=3))

        assert found.of(DEPLOYMENTS, DEPLOYMENT) == "3f2a91c0.1"
