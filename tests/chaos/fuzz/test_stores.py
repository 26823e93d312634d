"""Damaged records in etcd and events that nobody can read, under four services that run: all is rebuilt.

A damaged record is one that was cut, flipped or edited, or one of a newer version. Claims and member keys stay as they
are: they are facts of their leases, not records that somebody parses. Nor is the instance view read back by its writer.
"""

from __future__ import annotations

import asyncio
import random
from functools import partial

import orjson
import pytest

from shared.contracts.facts import ORCHESTRATORS
from shared.contracts.streams import CHANGES, DEAD_LETTERS
from shared.core.errors import InvalidObjectError
from shared.core.json import text
from shared.ports.bus import StoredMessage
from shared.ports.store import Put
from shared.runtime.partitions.views.entries import decode_event
from shared.testing.clock import FakeClock
from tests.chaos.fuzz.mutations import damaged_bytes, damaged_text
from tests.chaos.records import Drill, record
from tests.chaos.rooms.platforms import SERVICES, ControlPlane, a_control_plane
from tests.chaos.rooms.test_control_plane import CHAT, create, each, scale, undisturbed
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import KEYS

SHORT, LONG = 10, 100  # seeds in an ordinary run, and in a drill
EVENTS, RECORDS = 5, 5  # damaged in each of them
RECORD_KEYS = tuple(f"{KEYS.root}{part}" for part in ("checkpoints", "epoch", "inventories"))


async def damage_records(plane: ControlPlane, dice: random.Random) -> None:
    """Overwrite some records."""
    records = {key: value for key, value in plane.run.store.pairs().items() if key.startswith(RECORD_KEYS)}
    for key in dice.sample(sorted(records), min(RECORDS, len(records))):
        value = newer(records[key]) if dice.random() < 0.3 else damaged_bytes(dice, records[key])
        await plane.run.store.commit([Put(key, value)])


def newer(record: bytes) -> bytes:
    """Return a record as a later version of the product may write it."""
    return orjson.dumps({**orjson.loads(record), "v": 99, "children": {"of": "another form"}})


async def publish_unreadable(plane: ControlPlane, dice: random.Random) -> set[int]:
    """Store events on top of real ones that no reader can make anything of; return their sequences."""
    stored = plane.run.bus.messages(CHANGES)
    found = set[int]()
    while len(found) < EVENTS:
        message = dice.choice(stored)
        headers, body = dict(message.headers), message.body
        if dice.random() < 0.5:
            name = dice.choice(sorted(headers))
            headers[name] = damaged_text(dice, headers[name])
        else:
            body = damaged_bytes(dice, body)
        if not _is_readable(message.subject, headers, body):
            found.add(await plane.run.bus.publish(message.subject, body, headers))
    return found


def _is_readable(subject: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        decode_event(StoredMessage(subject, 1, FakeClock().now(), headers, body))
    except InvalidObjectError:
        return False
    return True


async def damaged(seed: int) -> None:
    calm = await undisturbed(replicas=2)
    async with a_control_plane(seed) as plane:
        dice = plane.run.dice
        plane.start()
        create(plane)
        await plane.run.advance(dice.uniform(2.0, 12.0))
        await damage_records(plane, dice)
        unreadable = await publish_unreadable(plane, dice)
        restarted = dice.sample(SERVICES, dice.randint(0, len(SERVICES)))
        for service in restarted:
            plane.processes[service].kill()
            plane.start(service)
        scale(plane, 2)
        await plane.run.advance(25 * 60.0)  # a resync of the log and a sweep
        await plane.run.converge()

        assert plane.left() == calm
        assert all(process.is_running for process in plane.processes.values())
        told = [orjson.loads(letter.body)["reason"] for letter in plane.run.bus.messages(DEAD_LETTERS)]
        assert told or restarted, "whoever was alive has read an event that cannot be read"
        assert {int(reason.split()[1]) for reason in told} <= unreadable, "and refused nothing else"


@pytest.mark.rule("P-21")
def test_damaged_records_and_unreadable_events_are_rebuilt() -> None:
    count = run_seeds(partial(each, damaged), short=SHORT, long=LONG)
    held = f"{RECORDS} records and {EVENTS} events damaged in each: the objects of the undisturbed run"
    record(Drill("bad input", "records in etcd, events in NATS", held=held, runs=count, on="fakes"))


@pytest.mark.parametrize("value", [b"", b"[]", b"\xff", b'{"v":99}'])
def test_a_damaged_fact_is_named_in_a_dead_letter_and_mended_by_its_next_write(value: bytes) -> None:
    async def damage_the_fact() -> None:
        async with a_control_plane(0) as plane:
            plane.start("watcher", "reconciler")
            fact = KEYS.fact(ORCHESTRATORS)
            before = plane.run.store.pairs()[fact]
            await plane.run.store.commit([Put(fact, value)])
            create(plane)
            await plane.run.converge()
            letters = [orjson.loads(letter.body) for letter in plane.run.bus.messages(DEAD_LETTERS)]
            assert {letter["name"] for letter in letters} == {"chat", "code"}
            assert all("fact orchestrators is damaged" in letter["reason"] for letter in letters)

            await plane.run.store.commit([Put(fact, before)])
            await plane.run.converge()
            assert text(plane.run.cluster.peek(CHAT), "status", "state") == "successful"

    asyncio.run(damage_the_fact())
