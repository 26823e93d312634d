"""Reading the table of what the log holds for one resource."""

from __future__ import annotations

import pytest

from services.watcher.definitions import definitions
from services.watcher.tables_from_log import read_table
from shared.contracts.streams import stream_specs
from shared.core.resources import POD_CLIQUE_SETS, PODS, SERVICES
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from tests.unit.services.watcher.changes.builders import SUBJECT, headers

pytestmark = pytest.mark.asyncio


async def a_log() -> FakeBus:
    """Return an empty log."""
    bus = FakeBus(FakeClock())
    await bus.provision(stream_specs(), install="test")
    return bus


async def test_holds_the_newest_of_each_subject_of_the_resource() -> None:
    bus = await a_log()
    await bus.publish(SUBJECT, b"{}", headers("added", version=1).encode())
    await bus.publish(SUBJECT, b"{}", headers("modified", version=2).encode())
    await bus.publish("dynamo.changes.3.pods.team.one", b"{}", headers("added").encode())

    table = await read_table(bus, SERVICES)

    assert list(table.by_subject) == [SUBJECT]
    assert table.by_subject[SUBJECT].version == 2
    assert table.sequence(SUBJECT) == 2


async def test_an_empty_log_makes_an_empty_table() -> None:
    assert not (await read_table(await a_log(), PODS)).by_subject


async def test_knows_of_messages_that_nobody_can_read() -> None:
    bus = await a_log()
    await bus.publish(SUBJECT, b"]", {"ce-type": "nonsense"})

    table = await read_table(bus, SERVICES)

    assert table.sequence(SUBJECT) == 1
    assert table.by_subject[SUBJECT].uid == ""


async def test_definitions_that_are_gone_unreadable_or_of_other_kinds_are_not_told() -> None:
    bus = await a_log()
    for partition, name, sent in (
        (1, "podcliques=2Egrove=2Eio", headers("added").encode()),
        (3, "podcliquesets=2Egrove=2Eio", headers("deleted").encode()),
        (4, "podcliquesets=2Egrove=2Eio", {}),
        (5, "podcliquesets=2Egrove=2Eio", headers("added", version=8).encode()),
    ):
        await bus.publish(f"dynamo.changes.{partition}.customresourcedefinitions.-.{name}", b"{}", sent)

    assert await anext(definitions(bus, POD_CLIQUE_SETS)) == 8
