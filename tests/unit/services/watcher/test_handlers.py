"""One kind between API server and log: nothing is lost, nothing old wins, whatever is away meanwhile."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from services.watcher.checkpoints import decode
from services.watcher.handlers import Surroundings
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import synced_subject
from shared.core.errors import NoRoomError
from shared.core.json import Manifest
from shared.core.resources import (
    ADD_ONS,
    CUSTOM_RESOURCE_DEFINITIONS,
    GRAPHS,
    MODELS,
    NAMESPACES,
    PODS,
    SERVICES,
    Ref,
    Resource,
)
from shared.ports.cluster import EVERYTHING, Informer, Observation, Selection
from shared.ports.store import Drop
from tests.unit.services.watcher.rooms import KEYS, KIND, Room, a_room, with_intervals

pytestmark = pytest.mark.asyncio

CHECKPOINT = KEYS.checkpoint(KIND)
FOREIGN_UID = "ffffffff-0000-0000-0000-000000000000"


@dataclass(slots=True)
class Counting:
    """An informer that counts how often somebody begins to follow."""

    informer: Informer
    looks: int = 0

    async def follow(
        self, resource: Resource, selection: Selection = EVERYTHING, *, resume_from: int | None = None
    ) -> AsyncGenerator[Observation, None]:
        """Follow as the informer does."""
        self.looks += 1
        async for observation in self.informer.follow(resource, selection, resume_from=resume_from):
            yield observation

    def instead(self, around: Surroundings) -> Surroundings:
        """Take the place of the informer."""
        return replace(around, informer=self)


def a_definition(name: str) -> Manifest:
    """Return a definition of a custom resource."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {"group": name.partition(".")[2]},
    }


def replace_cluster(room: Room) -> None:
    """Put an empty cluster in the place of the one that was watched."""
    objects = room.cluster.objects
    for ref in [ref for ref in objects.stored if ref.resource is KIND]:
        del objects.stored[ref]
    system = Ref(NAMESPACES, "", "kube-system")
    metadata = {**objects.stored[system]["metadata"], "uid": FOREIGN_UID}
    objects.stored[system] = {**objects.stored[system], "metadata": metadata}
    objects.version = 1


async def test_publishes_a_list_and_then_its_marker() -> None:
    async with a_room() as room:
        room.put("one")
        room.put("two")
        room.watch()
        await room.advance()

        assert room.told() == [("one", "added"), ("two", "added")]
        assert room.bus.messages(CHANGES)[-1].subject == "dynamo.synced.services"
        assert room.synced[KIND]


async def test_publishes_each_change_once() -> None:
    async with a_room() as room:
        room.watch()
        await room.advance()
        room.put("one")
        await room.advance()
        room.put("one", port=81)
        await room.advance()
        room.remove("one")
        await room.advance()

        assert room.told() == [("one", "added"), ("one", "modified"), ("one", "deleted")]


async def test_a_resting_kind_writes_nothing() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch()
        await room.advance(5.0)
        before, calls = room.store.pairs(), room.bus.calls["publish"]
        await room.advance(9 * 60.0)

        assert (room.store.pairs(), room.bus.calls["publish"]) == (before, calls)
        assert room.restarts == []


async def test_resumes_behind_its_checkpoint_without_a_list() -> None:
    async with a_room() as room:
        room.put("one")
        first = room.watch()
        await room.advance(2.0)
        first.kill()
        await room.advance()
        room.put("two")
        calls = room.bus.calls["publish"]
        room.watch()
        await room.advance(2.0)

        assert room.living() == room.present()
        assert room.bus.calls["publish"] == calls + 1  # neither object one nor the marker again


async def test_lists_when_the_history_behind_the_checkpoint_is_gone() -> None:
    async with a_room() as room:
        room.put("one")
        room.put("two")
        first = room.watch()
        await room.advance(2.0)
        first.kill()
        await room.advance()
        room.remove("one")
        room.cluster.expire_history()
        room.watch()
        await room.advance(2.0)

        assert room.living() == room.present()
        assert room.told()[-1] == ("one", "deleted")


async def test_a_lost_history_amid_a_watch_is_made_up_for_by_a_list() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch()
        await room.advance()
        room.cluster.watches.delay = lambda resource, version: timedelta(seconds=5)
        room.remove("one")
        room.put("two")
        room.cluster.watches.relist()
        await room.advance()

        assert room.living() == room.present()
        assert room.told()[-2:] == [("two", "added"), ("one", "deleted")]


async def test_an_outage_of_the_log_loses_nothing() -> None:
    async with a_room() as room:
        room.watch()
        await room.advance()
        room.bus.stop()
        for number in range(20):
            room.put(f"service-{number}")
            room.put("same", port=number + 1)
            await room.advance(3.0)
        room.remove("service-0")
        room.bus.start()
        await room.advance(5.0)

        assert room.living() == room.present()
        assert [told for told in room.told() if told[0] == "same"] == [("same", "added"), ("same", "modified")]


async def test_a_store_that_is_away_for_a_moment_stops_no_event() -> None:
    async with a_room() as room:
        room.watch()
        await room.advance(2.0)
        room.store.stop()
        room.put("one")
        await room.advance(3.0)
        during = room.living()
        room.store.start()
        await room.advance(3.0)
        checkpoint = decode(room.store.pairs()[CHECKPOINT])

        assert during == room.present()
        assert room.restarts == []
        assert checkpoint is not None
        assert checkpoint.version == room.present()["one"]


async def test_a_store_without_room_stops_no_event() -> None:
    async def refuse(call: str, about: str) -> None:
        if call == "commit":
            raise NoRoomError("database space exceeded")

    async with a_room() as room:
        room.watch()
        await room.advance(2.0)
        room.store.before = refuse
        room.put("one")
        await room.advance(3.0)
        during = room.living()
        room.store.before = None
        await room.advance(3.0)
        checkpoint = decode(room.store.pairs()[CHECKPOINT])

        assert during == room.present()
        assert room.restarts == []
        assert checkpoint is not None
        assert checkpoint.version == room.present()["one"]


async def test_a_resync_that_falls_into_an_outage_of_the_log_ends_nothing() -> None:
    async with a_room() as room:
        room.watch(change=with_intervals(resync_interval=timedelta(seconds=2)))
        await room.advance(1.0)
        room.bus.stop()
        await room.advance(30.0)
        room.put("one")
        room.bus.start()
        await room.advance(3.0)

        assert room.living() == room.present()
        assert room.restarts == []


async def test_a_marker_that_a_full_log_does_not_take_causes_no_list() -> None:
    async def take_no_marker(call: str, about: str) -> None:
        if (call, about) == ("publish", synced_subject(KIND)):
            raise NoRoomError("the log is full")

    async with a_room() as room:
        room.put("one")
        room.bus.before = take_no_marker
        room.watch(change=with_intervals(resync_interval=timedelta(seconds=2)))
        await room.advance(9)

        room.bus.before = None
        await room.advance()

        assert room.restarts == []
        assert await room.marker() is not None


async def test_stops_reading_ahead_of_a_log_that_is_away() -> None:
    async with a_room() as room:
        room.watch(change=lambda around: replace(around, max_bytes=4000))
        await room.advance()
        room.bus.stop()
        for number in range(100):
            room.put(f"service-{number}")
        await room.advance(10.0)
        unread = room.cluster.watches.undelivered
        room.bus.start()
        await room.advance(10.0)

        assert unread > 80
        assert room.living() == room.present()


async def test_a_checkpoint_never_names_what_is_not_stored() -> None:
    async with a_room() as room:
        room.watch()
        await room.advance(2.0)
        room.bus.stop()
        room.put("one")
        room.cluster.watches.bookmark()
        await room.advance(5.0)
        during = decode(room.store.pairs()[CHECKPOINT])
        room.bus.start()
        await room.advance(5.0)
        after = decode(room.store.pairs()[CHECKPOINT])

        assert during is not None
        assert after is not None
        assert during.version < room.present()["one"] <= after.version


async def test_a_wiped_log_is_filled_again() -> None:
    async with a_room() as room:
        room.put("one")
        room.put("two")
        room.watch()
        await room.advance(2.0)
        room.bus.wipe()
        await room.advance(15.0)
        marker = await room.marker()

        assert room.living() == room.present()
        assert marker is not None
        assert marker.stream_created == (await room.bus.state(CHANGES)).created
        assert room.restarts == ["the change log was made anew"]


async def test_what_the_log_lost_is_found_by_the_resync() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch()
        await room.advance(2.0)
        [message] = room.stored()
        await room.bus.purge(CHANGES, message.subject, up_to=message.sequence)
        await room.advance(11 * 60.0)

        assert room.living() == room.present()


async def test_a_fresh_list_now_and_then_finds_what_no_event_told() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch(change=with_intervals(list_interval=timedelta(hours=1)))
        await room.advance(2.0)
        for ref in [Ref(KIND, "default", "one")]:
            del room.cluster.objects.stored[ref]  # and nobody is told
        await room.advance(3602.0)

        assert room.living() == {}


async def test_a_marker_waits_for_the_whole_of_a_list_at_a_version_seen_before() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch()
        await room.advance(2.0)
        before = len(room.bus.messages(CHANGES))
        del room.cluster.objects.stored[Ref(KIND, "default", "one")]  # a deletion that no event told, at no new version

        async def hold(call: str, about: str) -> None:
            if call == "publish" and ".changes." in about:
                await room.clock.sleep(timedelta(seconds=5))

        room.bus.before = hold
        room.cluster.watches.relist()
        await room.advance(2.0)
        during = len(room.bus.messages(CHANGES))
        await room.advance(10.0)

        assert during == before
        assert [message.subject.split(".")[1] for message in room.bus.messages(CHANGES)[before:]] == [
            "changes",
            "synced",
        ]


async def test_purges_what_has_been_gone_for_a_day() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch(change=with_intervals(resync_interval=timedelta(days=9)))
        await room.advance()
        room.remove("one")
        await room.advance(23 * 3600.0)
        kept = len(room.stored())
        await room.advance(3 * 3600.0)

        assert kept == 2
        assert room.stored() == []


async def test_what_is_made_anew_while_it_is_purged_stays_known() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch(change=with_intervals(resync_interval=timedelta(days=9)))
        await room.advance()
        room.remove("one")
        await room.advance(23.5 * 3600.0)

        async def make_anew(call: str, about: str) -> None:
            if call == "purge":
                room.put("one")
                await room.clock.sleep(timedelta(seconds=1))

        room.bus.before = make_anew
        await room.advance(2 * 3600.0)
        room.bus.before = None
        del room.cluster.objects.stored[Ref(KIND, "default", "one")]
        room.cluster.objects.version += 1
        room.cluster.watches.relist()
        await room.advance(5.0)

        assert room.living() == {}


# Another cluster, or another history of the same one


async def test_another_cluster_replaces_everything() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch()
        await room.advance(2.0)
        replace_cluster(room)
        room.put("two")
        room.cluster.watches.interrupt()
        await room.advance(5.0)

        assert room.living() == room.present()
        assert {each.epoch for each in room.events()} == {
            "00000002-0000-0000-0000-000000000000.0",
            f"{FOREIGN_UID}.1",
        }


async def test_all_kinds_of_a_restored_cluster_agree_on_one_epoch() -> None:
    async with a_room() as room:
        for number in range(9):
            room.put(f"service-{number}")
        room.watch(SERVICES, PODS, GRAPHS)
        await room.advance(2.0)
        for number in range(5, 9):
            del room.cluster.objects.stored[Ref(KIND, "default", f"service-{number}")]
        room.cluster.objects.version = 7
        room.cluster.watches.relist()
        await room.advance(10.0)
        markers = [await room.marker(kind) for kind in (SERVICES, PODS, GRAPHS)]

        assert {marker.epoch.rpartition(".")[2] for marker in markers if marker} == {"1"}
        assert room.living() == room.present()


async def test_a_kind_that_saw_nothing_go_back_follows_into_the_new_epoch() -> None:
    async with a_room() as room:
        room.watch(SERVICES, PODS)
        await room.advance(2.0)
        for number in range(9):
            room.put(f"service-{number}")
        await room.advance(2.0)
        for number in range(5, 9):
            del room.cluster.objects.stored[Ref(KIND, "default", f"service-{number}")]
        room.cluster.objects.version = 8  # above what was seen of pods
        room.cluster.watches.relist(SERVICES)
        await room.advance(10.0)
        markers = [await room.marker(kind) for kind in (SERVICES, PODS)]

        assert {marker.epoch.rpartition(".")[2] for marker in markers if marker} == {"1"}


async def test_a_cluster_restored_while_nobody_watched_and_without_a_checkpoint_is_another_epoch() -> None:
    async with a_room() as room:
        for number in range(9):
            room.put("one", port=number + 1)
        first = room.watch()
        await room.advance(2.0)
        first.kill()
        await room.advance()
        room.cluster.objects.version = 7
        room.put("one", port=99)
        await room.store.commit([Drop(CHECKPOINT)])
        room.watch()
        await room.advance(5.0)

        assert room.living() == room.present()
        assert room.events()[-1].epoch.endswith(".1")


async def test_an_interrupted_watch_of_the_same_cluster_goes_on() -> None:
    async with a_room() as room:
        room.watch()
        await room.advance(2.0)
        room.cluster.watches.interrupt()
        room.put("one")
        await room.advance(2.0)

        assert room.living() == room.present()
        assert room.restarts == []


# Kinds that are not served


async def test_a_kind_that_is_not_served_has_a_marker_that_says_so() -> None:
    async with a_room() as room:
        room.cluster.stop_serving(MODELS)
        room.watch(MODELS)
        await room.advance(2.0)
        marker = await room.marker(MODELS)

        assert marker is not None
        assert marker.absent
        assert room.synced[MODELS]


async def test_what_is_not_served_any_more_is_gone() -> None:
    async with a_room() as room:
        room.put("one")
        room.watch()
        await room.advance(2.0)
        room.cluster.stop_serving(KIND)
        await room.advance(2.0)
        marker = await room.marker()

        assert room.living() == {}
        assert marker is not None
        assert marker.absent


async def test_absence_is_told_once() -> None:
    async with a_room() as room:
        room.cluster.stop_serving(MODELS)
        room.watch(MODELS, change=with_intervals(list_interval=timedelta(minutes=1)))
        await room.advance(2.0)
        calls = room.bus.calls["publish"]
        await room.advance(5 * 60.0)

        assert room.bus.calls["publish"] == calls


async def test_a_watcher_that_begins_anew_does_not_tell_an_absence_again() -> None:
    async with a_room() as room:
        room.cluster.stop_serving(MODELS)
        first = room.watch(MODELS)
        await room.advance(5.0)
        told, recorded = room.bus.calls["publish"], room.store.pairs()[KEYS.checkpoint(MODELS)]
        first.kill()
        room.synced.clear()
        room.watch(MODELS)
        await room.advance(5.0)

        assert room.bus.calls["publish"] == told
        assert room.store.pairs()[KEYS.checkpoint(MODELS)] == recorded  # with the token of who wrote it
        assert room.synced[MODELS]


async def test_a_kind_that_a_server_did_not_serve_for_a_moment_is_published_again() -> None:
    async with a_room() as room:
        room.put("one")
        room.put("two")
        room.watch()
        await room.advance(2.0)
        objects = dict(room.cluster.objects.stored)
        room.cluster.stop_serving(KIND)
        await room.advance(2.0)
        room.cluster.add_namespace("elsewhere")
        room.cluster.add_namespace("beyond")
        room.cluster.objects.stored.update(objects)  # as they were: nobody has written to them
        room.cluster.serve(KIND)
        await room.advance(5.0)
        marker = await room.marker()

        assert room.living() == room.present()
        assert marker is not None
        assert not marker.absent


async def test_a_kind_is_looked_for_at_once_when_its_definition_is_written() -> None:
    async with a_room() as room:
        informer = Counting(room.cluster)
        room.cluster.stop_serving(MODELS)
        room.watch(CUSTOM_RESOURCE_DEFINITIONS)
        room.watch(MODELS, change=informer.instead)
        await room.advance(2.0)
        looks = informer.looks
        room.cluster.put(a_definition("dynamomodels.nvidia.com"))
        room.cluster.objects.served.add(MODELS)
        await room.advance(3.0)
        marker = await room.marker(MODELS)

        assert looks == 1
        assert marker is not None
        assert not marker.absent


async def test_a_definition_that_is_not_served_yet_is_looked_for_some_more_times() -> None:
    async with a_room() as room:
        informer = Counting(room.cluster)
        room.cluster.stop_serving(MODELS)
        room.watch(CUSTOM_RESOURCE_DEFINITIONS)
        room.watch(MODELS, change=informer.instead)
        await room.advance(2.0)
        room.cluster.put(a_definition("dynamomodels.nvidia.com"))
        await room.advance(60.0)

        assert informer.looks == 5


async def test_definitions_of_other_kinds_cause_no_look() -> None:
    async with a_room() as room:
        informer = Counting(room.cluster)
        room.cluster.stop_serving(MODELS)
        room.watch(CUSTOM_RESOURCE_DEFINITIONS)
        room.watch(MODELS, change=informer.instead)
        await room.advance(2.0)
        room.cluster.put(a_definition("podcliquesets.grove.io"))
        room.cluster.put(a_definition("dynamoworkermetadatas.nvidia.com"))
        await room.advance(30.0)

        assert informer.looks == 1


async def install(room: Room, kind: Resource) -> None:
    """Install an add-on, with one object of its kind."""
    room.cluster.put(a_definition(kind.group_resource))
    room.cluster.serve(kind)
    metadata = {"name": "one", **({"namespace": "default"} if kind.namespaced else {})}
    room.cluster.put({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata})
    await room.advance(3.0)


async def uninstall(room: Room, kind: Resource) -> None:
    """Remove an add-on, as with its definition."""
    room.cluster.remove(Ref(CUSTOM_RESOURCE_DEFINITIONS, "", kind.group_resource))
    room.cluster.stop_serving(kind)
    await room.advance(3.0)


@pytest.mark.rule("W-02")
@pytest.mark.parametrize("kind", sorted(ADD_ONS), ids=lambda kind: str(kind.plural))
async def test_an_add_on_is_picked_up_and_let_go_while_the_watcher_runs(kind: Resource) -> None:
    async with a_room() as room:
        room.watch(CUSTOM_RESOURCE_DEFINITIONS, kind)
        await room.advance(2.0)
        seen = [await is_absent(room, kind), room.living(kind)]
        await install(room, kind)
        seen += [await is_absent(room, kind), len(room.living(kind))]
        await uninstall(room, kind)
        seen += [await is_absent(room, kind), room.living(kind)]
        await install(room, kind)
        seen += [await is_absent(room, kind), len(room.living(kind))]

        assert seen == [True, {}, False, 1, True, {}, False, 1]
        assert room.synced[kind]
        assert room.restarts == []


async def is_absent(room: Room, kind: Resource) -> bool:
    """Return what the marker of a kind says."""
    marker = await room.marker(kind)
    return marker is not None and marker.absent


@pytest.mark.rule("W-02")
async def test_a_cluster_without_add_ons_costs_nothing_at_rest() -> None:
    async with a_room() as room:
        informer = Counting(room.cluster)
        room.watch(CUSTOM_RESOURCE_DEFINITIONS)
        room.watch(*ADD_ONS, change=informer.instead)
        await room.advance(2.0)
        published, looks = room.bus.calls["publish"], informer.looks
        await room.advance(3600.0)

        assert looks == len(ADD_ONS)
        assert (room.bus.calls["publish"], informer.looks) == (published, looks)
        assert all(room.synced[kind] for kind in ADD_ONS)
