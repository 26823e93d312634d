"""Servers that lose or change their history: the API server, the event log, the ownership store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT
from shared.core.errors import ConflictError
from shared.core.json import Manifest, integer
from shared.core.objects import uid_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, NAMESPACES, SERVICES, Ref
from shared.ports.store import CreatedAt, Put
from shared.runtime.partitions.loop import PartitionLoop
from shared.testing.cluster_objects import Change
from shared.testing.facts import facts_of_a_cluster, recorded
from tests.chaos.partitions.test_log import KIND, change_something, expected, living
from tests.chaos.review.histories import Backup, become_another
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import KEYS, NAMESPACE, PARTITIONS, Process, Simulation, simulated
from tests.chaos.stories import ONE

NAMES = ("chat", "code", "draw")
CHILDREN = (COMPONENTS, DEPLOYMENTS, SERVICES)
FOREIGN_UID = "ffffffff-0000-0000-0000-000000000000"
SHORT, LONG = 20, 100  # seeds: each brings three graphs about first
CLAIMED = 20.0  # seconds: lease and settling


def scaled(replicas: int) -> Callable[[Manifest], None]:
    """Return an edit of a graph's frontend."""

    def change(graph: Manifest) -> None:
        graph["spec"]["services"]["Frontend"]["replicas"] = replicas

    return change


def replicas(run: Simulation) -> list[int]:
    """Return what the Deployments of all graphs ask for."""
    return [
        integer(run.cluster.peek(Ref(DEPLOYMENTS, NAMESPACE, f"{name}-frontend")), "spec", "replicas") for name in NAMES
    ]


def no_child_may_go(run: Simulation) -> None:
    """Let a run fail when a child of a graph is deleted."""

    def watch(change: Change) -> None:
        assert change.after is not None or change.ref.resource not in CHILDREN, f"{change.ref} was deleted"

    run.cluster.objects.listeners.append(watch)


def loops(process: Process) -> list[PartitionLoop]:
    """Return the partitions of a replica."""
    assert process.service is not None
    return list(process.service.loops.values())


async def lists_amid_changes(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=run.dice.random())
        watcher = run.watcher(kinds=[KIND])

        async def check(call: str, _: str) -> None:
            message = run.bus.messages(CHANGES)[-1] if call == "publish" else None
            if message is not None and message.subject.startswith(f"{ROOT}.changes."):
                change = decode_change(message.headers)
                alive = {uid_of(each) for each in run.cluster.all(KIND)}
                assert change.type != "deleted" or change.uid not in alive, "a living object has a tombstone"

        watcher.bus.after = check
        await run.advance(1.0)
        for _ in range(16):
            change_something(run)
            if run.dice.random() < 0.4:
                run.cluster.watches.relist()
            await run.advance(run.dice.choice((0.0, 0.1, 0.7)))
        await run.advance(10.0)

        assert living(run) == expected(run)


@pytest.mark.rule("P-19")
def test_lists_amid_late_changes_give_no_living_object_a_tombstone() -> None:
    run_seeds(lists_amid_changes, row="P-19")


async def going_back(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler()
        graphs = [run.graph(name, services=ONE) for name in NAMES]
        await run.converge()
        no_child_may_go(run)
        backup = Backup.of(run.cluster)
        for graph in graphs:
            run.edit(graph, scaled(run.dice.randint(2, 5)))
            await run.advance(run.dice.uniform(0.0, 3.0))
        backup.restore(run.cluster)
        await run.advance(run.dice.uniform(0.0, 10.0))
        for graph in graphs:
            run.edit(graph, scaled(7))
        await run.converge()

        assert replicas(run) == [7, 7, 7]


@pytest.mark.rule("P-20")
def test_a_cluster_that_was_restored_converges_and_loses_no_child() -> None:
    run_seeds(going_back, row="P-20", short=SHORT, long=LONG)


async def beginning_anew(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler()
        for name in NAMES:
            run.graph(name, services=ONE)
        await run.converge()
        calm = run.essence()
        become_another(run.cluster, FOREIGN_UID)
        await run.advance(run.dice.uniform(0.0, 30.0))
        no_child_may_go(run)
        for name in NAMES:
            run.graph(name, services=ONE)
            await run.advance(run.dice.uniform(0.0, 2.0))
        await run.converge(at_least=60.0)

        assert run.essence() == calm


@pytest.mark.rule("P-20")
def test_an_empty_cluster_beside_an_old_log_and_store_is_served() -> None:
    run_seeds(beginning_anew, row="P-20", short=SHORT, long=LONG)


async def wiped_store(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        owner = run.reconciler("owner")
        graphs = [run.graph(name, services=ONE) for name in NAMES]
        await run.converge()
        no_child_may_go(run)
        claim = KEYS.claim("reconciler", "0")
        former = await run.store.get(claim)
        assert former is not None
        run.store.wipe(revision=run.dice.choice((1, former.mod_revision + 1000)))
        client = run.store.another()
        await client.commit(recorded(KEYS, facts_of_a_cluster()))
        await run.advance(5.0)
        for graph in graphs:
            run.edit(graph, scaled(run.dice.randint(2, 6)))
        wanted = [integer(run.cluster.peek(graph), "spec", "services", "Frontend", "replicas") for graph in graphs]
        await run.advance(CLAIMED)

        assert replicas(run) == wanted
        assert len(loops(owner)) == PARTITIONS
        with pytest.raises(ConflictError):
            await client.commit([Put(f"{KEYS.root}stale", b"")], [CreatedAt(claim, former.create_revision)])
        assert client.pairs(KEYS.partition_count) != {}


@pytest.mark.rule("P-21")
def test_a_wiped_store_has_new_claims_and_accepts_no_stale_fence() -> None:
    run_seeds(wiped_store, row="P-21", short=SHORT, long=LONG)


async def wiped_log(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        owner = run.reconciler("owner")
        for name in NAMES:
            run.graph(name, services=ONE)
        await run.converge()
        run.cluster.requests.clear()
        before = run.cluster.objects.version
        for number in range(2):
            run.bus.wipe()
            await run.advance(run.dice.uniform(0.0, 20.0))
            if run.dice.random() < 0.7:
                owner.kill()
                owner = run.reconciler(f"heir-{number}")
                await run.advance(run.dice.uniform(0.0, 20.0))
        await run.advance(60.0)

        assert [each for each in run.cluster.requests if each.resource is not NAMESPACES] == []
        assert run.cluster.objects.version == before, "somebody wrote"
        assert all(loop.is_complete for loop in loops(owner))


@pytest.mark.rule("P-05")
def test_a_log_wiped_under_old_and_new_owners_changes_nothing() -> None:
    run_seeds(wiped_log, row="P-05", short=SHORT, long=LONG)


async def bus_away(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        owner = run.reconciler("owner")
        await run.advance(run.dice.uniform(0.0, 10.0))
        graphs = [run.graph(name, services=ONE) for name in NAMES]
        await run.advance(run.dice.uniform(0.0, 2.0))
        run.bus.stop()
        await run.advance(run.dice.choice((0.5, 10.0, 60.0, 900.0)) * run.dice.random())
        for graph in graphs:
            run.edit(graph, scaled(3))
        await run.advance(run.dice.uniform(0.0, 10.0))
        run.bus.start()
        await run.advance(CLAIMED)
        began = run.clock.elapsed()
        run.edit(graphs[0], scaled(4))
        await run.advance(1.0)

        assert all(loop.is_complete for loop in loops(owner))
        assert replicas(run)[0] == 4, f"not within 1 s at {began}"
        await run.converge()
        assert replicas(run) == [4, 3, 3]


@pytest.mark.rule("P-27")
def test_graphs_that_roll_out_while_the_bus_is_away_end_as_asked() -> None:
    run_seeds(bus_away, row="P-27", short=SHORT, long=LONG)
