"""What publishing promises, on the fake and on a real server."""

from __future__ import annotations

import asyncio

import pytest

from shared.contracts.envelope import MESSAGE_ID
from shared.core.errors import ForeignInstallationError
from shared.ports.bus import SequenceConflictError, StreamMissingError
from tests.contract.bus.bench import INSTALL, Bench

pytestmark = pytest.mark.asyncio


async def test_sequences_grow_with_each_message(bench: Bench) -> None:
    sequences = [await bench.publish(name, "x") for name in ("a", "b", "a")]

    assert sequences == [1, 2, 3]


async def test_the_newest_message_of_a_pattern_is_that_of_all_its_subjects(bench: Bench) -> None:
    await bench.publish("a.1", "older")
    await bench.publish("a.2", "newer")
    await bench.publish("b.1", "of another pattern")

    newest = await bench.other.newest(bench.stream, bench.subject("a.>"))

    assert newest is not None
    assert newest.subject == bench.subject("a.2")
    assert await bench.other.newest(bench.stream, bench.subject("c.*")) is None


async def test_the_newest_message_is_what_was_published(bench: Bench) -> None:
    await bench.publish("a", "old")
    await bench.log.publish(bench.subject("a"), "neü".encode(), {"ce-id": "1", "ce-subject": "näme/x"}, expected_last=1)

    newest = await bench.other.newest(bench.stream, bench.subject("a"))

    assert newest is not None
    assert (newest.subject, newest.sequence, newest.body.decode()) == (bench.subject("a"), 2, "neü")
    assert newest.headers == {"ce-id": "1", "ce-subject": "näme/x"}
    assert newest.time.tzinfo is not None


async def test_a_subject_without_messages_has_no_newest(bench: Bench) -> None:
    assert await bench.log.newest(bench.stream, bench.subject("never")) is None


async def test_a_publisher_that_expects_an_older_message_is_refused(bench: Bench) -> None:
    first = await bench.publish("a", "1", expected_last=0)
    await bench.publish("a", "2", expected_last=first)

    with pytest.raises(SequenceConflictError):
        await bench.publish("a", "late retry of 2", expected_last=first)
    with pytest.raises(SequenceConflictError):
        await bench.publish("a", "a first one", expected_last=0)

    newest = await bench.log.newest(bench.stream, bench.subject("a"))
    assert newest is not None
    assert newest.body == b"2"


async def test_the_guard_of_one_subject_ignores_the_others(bench: Bench) -> None:
    first = await bench.publish("a", "1", expected_last=0)
    await bench.publish("b", "1", expected_last=0)

    assert await bench.publish("a", "2", expected_last=first) == 3


async def test_one_of_two_publishers_of_a_subject_wins(bench: Bench) -> None:
    subject = bench.subject("a")

    results = await asyncio.gather(
        bench.log.publish(subject, b"mine", {}, expected_last=0),
        bench.other.publish(subject, b"theirs", {}, expected_last=0),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["SequenceConflictError", "int"]


async def test_a_message_with_an_id_is_stored_once(bench: Bench) -> None:
    subject, headers = bench.subject("decision"), {MESSAGE_ID: f"{bench.prefix}-1"}

    first = await bench.log.publish(subject, b"x", headers)
    again = await bench.log.publish(subject, b"x", headers)

    assert again == first
    assert (await bench.log.state(bench.stream)).messages == 1


async def test_only_the_newest_messages_of_a_subject_are_kept(bench: Bench) -> None:
    for body in "12345":
        await bench.publish("a", body)
    await bench.publish("b", "1")

    state = await bench.log.state(bench.stream)

    assert (state.first_sequence, state.last_sequence, state.messages) == (3, 6, 4)


async def test_two_hundred_publishes_at_once_are_all_stored(bench: Bench) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(200):
            tasks.create_task(bench.publish(f"many.{number}", "x", expected_last=0))

    assert (await bench.log.state(bench.stream)).messages == 200


async def test_purging_up_to_a_tombstone_removes_what_is_older_too(bench: Bench) -> None:
    await bench.publish("a", "1")
    tombstone = await bench.publish("a", "tombstone")
    await bench.publish("b", "stays")

    await bench.log.purge(bench.stream, bench.subject("a"), up_to=tombstone)

    assert await bench.log.newest(bench.stream, bench.subject("a")) is None
    assert (await bench.log.state(bench.stream)).messages == 1


async def test_purging_spares_what_is_newer_than_the_tombstone(bench: Bench) -> None:
    tombstone = await bench.publish("a", "tombstone")
    await bench.publish("a", "made again")

    await bench.log.purge(bench.stream, bench.subject("a"), up_to=tombstone)

    newest = await bench.log.newest(bench.stream, bench.subject("a"))
    assert newest is not None
    assert newest.body == b"made again"


async def test_after_a_purge_the_subject_begins_anew(bench: Bench) -> None:
    tombstone = await bench.publish("a", "tombstone")
    await bench.log.purge(bench.stream, bench.subject("a"), up_to=tombstone)

    assert await bench.publish("a", "again", expected_last=0) > tombstone


async def test_publishing_where_no_stream_is_says_so(bench: Bench) -> None:
    with pytest.raises(StreamMissingError):
        await bench.log.publish(f"nowhere.{bench.prefix}", b"x", {})


async def test_a_stream_that_does_not_exist_has_no_state(bench: Bench) -> None:
    with pytest.raises(StreamMissingError):
        await bench.log.state("NOT_MADE")


async def test_provisioning_again_changes_nothing(bench: Bench) -> None:
    await bench.publish("a", "1")
    before = await bench.log.state(bench.stream)

    await bench.other.provision([bench.spec], install=INSTALL)

    assert await bench.log.state(bench.stream) == before


async def test_provisioning_repairs_limits_and_keeps_messages(bench: Bench) -> None:
    wide = bench.spec.__class__(bench.stream, bench.spec.subjects, per_subject=5)

    await bench.log.provision([wide], install=INSTALL)
    for body in "123456":
        await bench.publish("a", body)

    assert (await bench.log.state(bench.stream)).messages == 5


async def test_a_stream_of_another_installation_is_refused(bench: Bench) -> None:
    with pytest.raises(ForeignInstallationError, match="contract"):
        await bench.log.provision([bench.spec], install="another")
