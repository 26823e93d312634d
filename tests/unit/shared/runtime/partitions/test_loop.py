"""What becomes of events, outcomes and errors in one owned partition."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared.contracts.envelope import correlation_id
from shared.contracts.keys import Key
from shared.contracts.streams import CHANGES, DEAD_LETTERS
from shared.contracts.subjects import change_subject
from shared.core.errors import ConflictError, ForbiddenError, LeaseLostError, UnreachableError
from shared.core.objects import ref_of
from shared.core.outcomes import Done, Outcome, Reject, Retry
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, Ref
from shared.ports.mandates import MANDATE, Mandate
from shared.ports.passes import Entry, Queued, Work
from shared.runtime.partitions.queue import FAILURES_TO_DEAD_LETTER
from shared.runtime.partitions.rules import pass_rules
from shared.testing.bus import Perturbation
from tests.unit.shared.runtime.partitions.worlds import (
    READS,
    World,
    a_deployment,
    a_graph,
    a_world,
    an_object,
    headers_of,
    home_of,
    running,
)

pytestmark = pytest.mark.asyncio
CHAT = Ref(GRAPHS, "team", "chat")


async def a_resting_world() -> World:
    """Return a world with one graph and one child, synced."""
    world = await a_world()
    await world.publish(a_graph())
    await world.publish(a_deployment("web", of="chat"))
    await world.mark_synced()
    return world


async def seconds(world: World, number: float) -> None:
    await world.clock.advance(timedelta(seconds=number))


async def test_a_childs_event_makes_a_pass_over_its_graph() -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        await world.publish(a_deployment("web", of="chat", version=21), "modified")
        await world.clock.settle()

    [work] = world.handler.passes
    assert (work.primary, work.trigger, work.cause) == (CHAT, "child", "uid-web.21")
    child = work.view.get(Ref(DEPLOYMENTS, "team", "web"))
    assert child is not None
    assert child.version == 21


async def test_an_edit_carries_its_correlation() -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        await world.publish(a_graph(version=30, generation=2), "modified")
        await world.clock.settle()

    [work] = world.handler.passes
    assert (work.trigger, work.correlation) == ("edit", correlation_id("uid-chat", 2))


async def test_a_pass_acts_under_the_mandate_of_its_claim() -> None:
    world = await a_resting_world()
    mandates: list[Mandate | None] = []

    async def note(_: Work) -> None:
        mandates.append(MANDATE.get())

    world.handler.before = note
    async with running(world.service()):
        await world.rest()
        await world.publish(a_graph(version=30, generation=2), "modified")
        await world.clock.settle()

    work = world.handler.passes[-1]
    assert mandates[-1:] == [Mandate(work.fence.claim.rpartition("/")[2], work.fence.token, work.correlation)]


async def test_a_component_belongs_to_the_edit_of_its_graph() -> None:
    world = await a_world()
    owner = a_deployment("web", of="chat")["metadata"]["ownerReferences"]
    await world.publish(a_graph(generation=7))
    await world.publish(an_object(COMPONENTS, "web", version=3, generation=1, ownerReferences=owner))
    await world.publish(an_object(COMPONENTS, "alone", version=4, generation=5))
    await world.mark_synced(GRAPHS, DEPLOYMENTS, COMPONENTS)
    rules = pass_rules("test", reads=READS, primaries={GRAPHS: world.handler, COMPONENTS: world.handler})

    async with running(world.service(rules=rules)):
        await world.clock.settle()

    found = {work.primary.name: work.correlation for work in world.handler.passes}
    assert found == {
        "chat": correlation_id("uid-chat", 7),
        "web": correlation_id("uid-chat", 7),
        "alone": correlation_id("uid-alone", 5),
    }


async def test_changes_that_are_gathered_make_one_pass_together() -> None:
    world = await a_resting_world()

    def gather(entry: Entry, *, copy_of: Key | None) -> list[Queued]:
        return [Queued(CHAT, "child", timedelta(seconds=2))] if entry.ref.resource is DEPLOYMENTS else []

    rules = pass_rules("test", reads=READS, primaries={GRAPHS: world.handler}, router=gather)
    async with running(world.service(rules=rules)):
        await world.clock.settle()
        world.handler.passes.clear()
        for version in range(30, 35):
            await world.publish(a_deployment("web", of="chat", version=version), "modified")
        await world.clock.advance(timedelta(seconds=1))
        early = len(world.handler.passes)
        await world.clock.advance(timedelta(seconds=2))

    assert early == 0
    assert [(work.trigger, work.cause) for work in world.handler.passes] == [("child", "uid-web.30")]


async def test_an_own_write_is_seen_at_once_and_makes_no_further_pass() -> None:
    world = await a_resting_world()
    seen: list[int] = []

    async def write(work: Work) -> None:
        written = a_deployment("web", of="chat", version=40)
        work.view.was_written(written)
        seen.append(work.view.children("uid-chat")[0].version)
        await world.publish(written, "modified")

    async with running(world.service()):
        await world.rest()
        world.handler.before = write
        await world.publish(a_graph(version=30, generation=2), "modified")
        await world.clock.settle()

    assert seen == [40]
    assert len(world.handler.passes) == 1


async def test_an_edit_that_the_answer_of_an_own_write_shows_makes_a_further_pass() -> None:
    world = await a_resting_world()

    async def write(work: Work) -> None:
        world.handler.before = None
        work.view.was_written(a_graph(version=40, generation=3))

    async with running(world.service()):
        await world.rest()
        world.handler.before = write
        await world.publish(a_graph(version=30, generation=2), "modified")
        await world.clock.settle()
        await world.publish(a_graph(version=40, generation=3), "modified")
        await world.clock.settle()

    assert [work.trigger for work in world.handler.passes] == ["edit", "edit"]


async def test_an_own_write_queues_the_other_primary_that_it_concerns() -> None:
    world = await a_world()
    owner = a_deployment("web", of="chat")["metadata"]["ownerReferences"]
    component = an_object(COMPONENTS, "web", version=3, generation=1, ownerReferences=owner)
    await world.publish(a_graph())
    await world.mark_synced(GRAPHS, DEPLOYMENTS, COMPONENTS)
    rules = pass_rules("test", reads=READS, primaries={GRAPHS: world.handler, COMPONENTS: world.handler})

    async def write(work: Work) -> None:
        if work.primary == CHAT:
            work.view.was_written(component)

    world.handler.before = write
    async with running(world.service(rules=rules)):
        await world.clock.settle()

    assert world.handler.primaries == ["chat", "web"]
    assert world.handler.passes[1].trigger == "step"


@pytest.mark.parametrize(
    ("answer", "is_warning"),
    [
        pytest.param(Retry("not yet"), True, id="a retry"),
        pytest.param(UnreachableError("away"), True, id="a temporary error"),
        pytest.param(ConflictError("moved on"), False, id="a conflict, silently"),
        pytest.param(ExceptionGroup("several", [ConflictError("moved on")]), False, id="a conflict among tasks"),
        pytest.param(ValueError("a bug"), True, id="an unexpected exception"),
    ],
)
async def test_what_may_heal_is_tried_again(
    answer: Retry | Exception, is_warning: bool, logged: list[dict[str, Any]]
) -> None:
    world = await a_resting_world()
    world.handler.answers = [answer]

    async with running(world.service()):
        await world.clock.settle()
        first = len(world.handler.passes)
        await seconds(world, 1)

    assert first == 1
    assert [(work.trigger, work.attempt) for work in world.handler.passes] == [("sweep", 1), ("retry", 2)]
    lines = [line for line in logged if line["event"] == "pass finished"]
    assert [line["outcome"] for line in lines] == ["retry", "done"]
    assert (lines[0]["log_level"] in ("warning", "error")) is is_warning


async def test_a_sweep_that_finds_all_as_before_is_told_to_those_who_debug_only(logged: list[dict[str, Any]]) -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await seconds(world, 1)
        await world.publish(a_deployment("web", of="chat", version=21), "modified")
        await seconds(world, 1)

    lines = [line for line in logged if line["event"] == "pass finished"]
    assert [(line["trigger"], line["log_level"]) for line in lines] == [("sweep", "debug"), ("child", "info")]


async def test_a_pass_that_asks_comes_again_after_its_own_delay() -> None:
    world = await a_resting_world()
    world.handler.answers = [Retry("waits for a claim", timedelta(seconds=2 * number)) for number in (1, 2)]

    async with running(world.service()):
        await seconds(world, 5.9)
        before = len(world.handler.passes)
        await seconds(world, 0.2)

    assert before == 2
    assert [work.attempt for work in world.handler.passes] == [1, 2, 3]


@pytest.mark.rule("P-23")
async def test_the_tenth_failure_is_a_dead_letter_and_the_sweep_repairs() -> None:
    world = await a_resting_world()
    world.handler.answers = [UnreachableError("away")] * FAILURES_TO_DEAD_LETTER
    told: list[tuple[Ref, str]] = []

    async def tell(work: Work, reason: str) -> Outcome:
        told.append((work.primary, reason))
        return Done()

    rules = replace(pass_rules("test", reads=READS, primaries={GRAPHS: world.handler}), on_dead_letter=tell)
    async with running(world.service(rules=rules)):
        await seconds(world, 15 * 60)
        letters, passes = world.letters(), len(world.handler.passes)
        await seconds(world, 12 * 60)

    assert [(letter.primary, letter.reason, letter.attempts) for letter in letters] == [
        (CHAT, "UnreachableError: away", 10)
    ]
    assert letters[0].correlation == correlation_id("uid-chat", 1)
    assert told == [(CHAT, "UnreachableError: away")]
    assert passes >= 10
    assert world.handler.passes[-1].trigger == "sweep"
    assert world.letters() == letters


@pytest.mark.parametrize(
    ("failure", "letters"),
    [
        pytest.param(UnreachableError("away"), [], id="what waiting may heal puts the letter off"),
        pytest.param(ForbiddenError("no"), ["broken"], id="what is refused does not hide the letter"),
        pytest.param(KeyError("bug"), ["broken"], id="a bug does not hide the letter, nor end the partition"),
    ],
)
async def test_a_sign_that_fails_ends_no_partition(failure: Exception, letters: list[str]) -> None:
    world = await a_resting_world()
    world.handler.answers = [Reject("broken")]

    async def fail(work: Work, reason: str) -> Outcome:
        raise failure

    rules = replace(pass_rules("test", reads=READS, primaries={GRAPHS: world.handler}), on_dead_letter=fail)
    async with running(world.service(rules=rules)):
        await world.clock.settle()
        found = [letter.reason for letter in world.letters()]
        await world.rest()
        await world.publish(a_graph(version=30, generation=2), "modified")
        await world.clock.settle()

    assert found == letters
    assert world.handler.primaries == ["chat"]


async def test_a_rejected_pass_is_a_dead_letter_at_once_and_the_same_reason_is_no_second_one() -> None:
    world = await a_resting_world()
    world.handler.answers = [Reject("no such backend"), ForbiddenError("not allowed"), ForbiddenError("not allowed")]

    async with running(world.service()):
        await world.clock.settle()
        for version in (21, 22):
            await world.publish(a_deployment("web", of="chat", version=version), "modified")
            await world.clock.settle()

    assert [letter.reason for letter in world.letters()] == ["no such backend", "ForbiddenError: not allowed"]


async def test_a_dead_letter_that_is_not_stored_is_not_given_up() -> None:
    world = await a_resting_world()
    world.handler.answers = [Reject("broken"), Reject("broken")]

    async with running(world.service()):
        world.handler.before = world.stop_bus
        await world.clock.settle()
        world.handler.before = None
        before = len(world.handler.passes)
        world.bus.start()
        await seconds(world, 2)

    assert before == 1
    assert [letter.reason for letter in world.letters()] == ["broken"]


async def test_a_dead_letter_that_is_refused_is_told(logged: list[dict[str, Any]]) -> None:
    world = await a_resting_world()
    world.bus.deny("dynamo.dlq.>")
    world.handler.answers = [Reject("broken")]

    async with running(world.service()):
        await world.clock.settle()

    assert [line["primary"] for line in logged if line["event"] == "dead letter was refused"] == [str(CHAT)]


async def test_a_lost_lease_is_no_failure_of_the_object() -> None:
    world = await a_resting_world()
    world.handler.answers = [LeaseLostError("gone")] * 15

    async with running(world.service()):
        await seconds(world, 20)

    assert len(world.handler.passes) > 15
    assert world.letters() == []


async def test_no_pass_is_tried_and_put_off_while_the_claim_is_in_doubt(logged: list[dict[str, Any]]) -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        world.store.stop()
        await seconds(world, 8)  # of the claim's ten: passes stop five before its end
        logged.clear()
        await world.publish(a_graph(version=30, generation=2), "modified")
        await seconds(world, 1)

    assert [line for line in logged if line["event"] == "pass finished"] == []


async def test_no_pass_runs_without_a_sure_claim() -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        world.store.stop()
        await seconds(world, 20)
        await world.publish(a_graph(version=30, generation=2), "modified")
        await seconds(world, 5)
        during = list(world.handler.passes)
        world.store.start()
        await seconds(world, 10)

    assert during == []
    assert world.handler.primaries == ["chat"]


@pytest.mark.parametrize(
    ("subject", "resource"),
    [
        pytest.param("", "dynamographdeployments", id="of an object that its subject names"),
        pytest.param("dynamo.changes.0.dynamographdeployments.a", "unreadable", id="of nothing that can be named"),
    ],
)
async def test_an_unreadable_event_is_a_dead_letter_and_the_partition_goes_on(subject: str, resource: str) -> None:
    world = await a_resting_world()
    known = str(change_subject(home_of(a_graph()), CHAT))

    async with running(world.service()):
        await world.rest()
        await world.bus.publish(subject or known, b"{", {"ce-id": "odd"})
        await world.publish(a_graph(version=30, generation=2), "modified")
        await world.clock.settle()

    assert world.handler.primaries == ["chat"]
    [letter] = world.letters()
    assert (letter.resource, letter.causation) == (resource, "odd")
    assert "cannot be read" in letter.reason


async def test_an_unreadable_event_is_put_away_once_the_bus_is_back() -> None:
    world = await a_resting_world()

    async def lose(call: str, subject: str) -> None:
        if subject.startswith("dynamo.dlq."):
            world.bus.before = None
            raise UnreachableError("no answer")

    async with running(world.service()):
        world.bus.before = lose
        await world.bus.publish(str(change_subject(home_of(a_graph()), CHAT)), b"{", {})
        await world.clock.settle()
        before = world.letters()
        await seconds(world, 5)

    assert before == []
    assert len(world.letters()) == 1


async def test_a_refused_letter_of_an_unreadable_event_is_told(logged: list[dict[str, Any]]) -> None:
    world = await a_resting_world()
    letters = world.bus.another()
    letters.deny("dynamo.dlq.>")
    service = world.service()
    service.letters = replace(service.letters, bus=letters)

    async with running(service):
        await world.bus.publish(str(change_subject(home_of(a_graph()), CHAT)), b"{", {})
        await world.clock.settle()

    assert [line["event"] for line in logged].count("dead letter was refused") == 1


@pytest.mark.rule("P-20")
async def test_a_new_epoch_stops_passes_until_every_resource_is_synced_in_it() -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        await world.publish(a_graph(version=3, generation=1), epoch="cluster.1")
        await world.mark_synced(GRAPHS, epoch="cluster.1")
        await world.publish(a_graph(version=4, generation=2), "modified", epoch="cluster.1")
        await seconds(world, 1)
        during = len(world.handler.passes)
        await world.mark_synced(DEPLOYMENTS, epoch="cluster.1")
        await world.clock.settle()

    [work] = world.handler.passes[during:]
    assert during <= 1, "the first event of the epoch may come before its markers"
    assert work.view.children("uid-chat") == ()


async def test_an_event_whose_object_may_not_be_read_is_a_dead_letter_and_the_partition_goes_on() -> None:
    world = await a_resting_world()
    large = a_graph("large", version=30)
    headers = headers_of(large, "added", partition=home_of(large))
    pointer = replace(headers, dataref=ref_of(large).path)
    service = world.service()
    service.fetch = _refuse

    async with running(service):
        await world.rest()
        await world.bus.publish(str(change_subject(home_of(large), ref_of(large))), b"{}", pointer.encode())
        await world.publish(a_graph(version=31, generation=2), "modified")
        await seconds(world, 13 * 60)

    assert "chat" in world.handler.primaries
    assert [letter.primary for letter in world.letters()] == [ref_of(large)]


async def _refuse(ref: Ref) -> None:
    raise ForbiddenError(f"{ref} may not be read")


async def test_an_event_too_large_for_the_log_is_read_from_the_cluster() -> None:
    world = await a_resting_world()
    graph = a_graph("huge", version=30) | {"status": {"state": "pending"}}
    gone = a_graph("gone", version=31)

    async with running(world.service(objects={ref_of(graph): graph})):
        await world.rest()
        for manifest in (graph, gone):
            headers = headers_of(manifest, "added", partition=home_of(manifest))
            pointer = replace(headers, dataref=ref_of(manifest).path)
            subject = str(change_subject(home_of(manifest), ref_of(manifest)))
            await world.bus.publish(subject, b"{}", pointer.encode())
        await world.clock.settle()

    [work] = world.handler.passes
    entry = work.view.get(ref_of(graph))
    assert entry is not None
    assert entry.summary["status"] == {"state": "pending"}


@pytest.mark.rule("P-26")
async def test_an_event_that_never_arrived_is_made_up_for_by_the_sweep() -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        world.bus.perturbation = Perturbation(drop=1.0)
        await world.publish(a_deployment("web", of="chat", version=21, generation=9), "modified")
        await world.clock.settle()
        world.bus.perturbation = Perturbation()
        before = len(world.handler.passes)
        await seconds(world, 13 * 60)

    assert before == 0
    child = world.handler.passes[0].view.get(Ref(DEPLOYMENTS, "team", "web"))
    assert child is not None
    assert child.generation == 9


@pytest.mark.rule("P-01")
async def test_a_deletion_whose_tombstone_was_never_seen_is_made_up_for_by_the_sweep() -> None:
    world = await a_resting_world()
    child = a_deployment("web", of="chat", version=25)
    subject = str(change_subject(home_of(child), ref_of(child)))

    async with running(world.service()):
        await world.rest()
        world.bus.perturbation = Perturbation(drop=1.0)
        sequence = await world.publish(child, "deleted")
        await world.clock.settle()
        world.bus.perturbation = Perturbation()
        await world.bus.purge(CHANGES, subject, up_to=sequence)
        await world.publish({**a_graph("other", version=50)})
        await seconds(world, 13 * 60)

    work = next(work for work in world.handler.passes if work.primary == CHAT)
    assert work.view.children("uid-chat") == ()


async def test_a_sweep_goes_on_while_the_log_is_away() -> None:
    world = await a_resting_world()

    async with running(world.service()):
        await world.rest()
        world.bus.stop()
        await seconds(world, 13 * 60)
        during = world.handler.primaries
        world.bus.start()

    assert during == ["chat"]


async def test_unreadable_events_do_not_stop_the_comparison_with_the_log() -> None:
    world = await a_resting_world()
    odd = a_graph("odd", version=60)
    await world.bus.publish(str(change_subject(home_of(odd), ref_of(odd))), b"{", {})

    async with running(world.service()):
        await world.rest()
        await seconds(world, 13 * 60)

    assert "chat" in world.handler.primaries
    assert len(world.bus.messages(DEAD_LETTERS)) == 1


async def test_an_empty_body_is_an_event_too() -> None:
    world = await a_resting_world()
    child = a_deployment("web", of="chat", version=25)
    headers = headers_of(child, "deleted", partition=home_of(child))
    body = orjson.dumps({"metadata": {"name": "web"}})

    async with running(world.service()):
        await world.rest()
        await world.bus.publish(str(change_subject(home_of(child), ref_of(child))), body, headers.encode())
        await world.clock.settle()

    [work] = world.handler.passes
    assert work.view.children("uid-chat") == ()
