"""Four services together under perturbation: whatever happens in between, the same objects and records are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from shared.contracts.ownership import RBAC
from shared.core.json import text
from shared.core.objects import owners_of, uid_of
from shared.core.resources import CLUSTER_ROLES, GRAPHS, ROLES, SERVICE_ACCOUNTS, Ref
from shared.testing.bus import Perturbation
from shared.testing.cluster_faults import Fault, Request
from tests.chaos.rooms.platforms import ROLE, SERVICES, ControlPlane, a_control_plane
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import NAMESPACE, a_graph

SHORT, LONG = 10, 60  # seeds of a row: four services cost five times what one does
ONE, TWO = ("Frontend",), ("Frontend", "Worker")
CHAT = Ref(GRAPHS, NAMESPACE, "chat")
CODE = Ref(GRAPHS, NAMESPACE, "code")

_calm: dict[int, dict[str, Any]] = {}


async def undisturbed(*, replicas: int = 1) -> dict[str, Any]:
    """Return what an undisturbed run of graphs `chat` and `code` leaves."""
    if replicas not in _calm:
        async with a_control_plane(0) as plane:
            plane.start()
            create(plane, replicas=replicas)
            await plane.run.converge()
            assert text(plane.run.cluster.peek(CHAT), "status", "state") == "successful"
            _calm[replicas] = plane.left()
    return _calm[replicas]


def create(plane: ControlPlane, *, replicas: int = 1) -> None:
    """Apply both graphs."""
    plane.run.graph("chat", services=TWO, replicas=replicas)
    plane.run.graph("code", services=ONE)


def scale(plane: ControlPlane, replicas: int) -> None:
    """Edit graph `chat`."""
    spec = a_graph("chat", services=TWO, replicas=replicas)["spec"]
    plane.run.edit(CHAT, lambda graph: graph.update(spec=spec))


async def each(scenario: Any, seeds: Sequence[int]) -> None:
    """Run a scenario for each seed, in a simulation of its own."""
    for seed in seeds:
        await scenario(seed)


async def kills(seed: int) -> None:
    calm = await undisturbed(replicas=2)
    async with a_control_plane(seed) as plane:
        plane.start()
        dice = plane.run.dice
        create(plane)
        doomed = plane.processes[service := dice.choice(SERVICES)]
        moment, calls = dice.randint(1, 25), Counter[str]()

        def count(request: Request) -> Fault | None:
            calls["all"] += 1
            if calls["all"] == moment:
                doomed.kill()
            return None

        plane.run.cluster.intercept = count
        await plane.run.advance(dice.uniform(0.0, 4.0))
        scale(plane, 2)
        await plane.run.advance(dice.uniform(0.0, 2.0))
        doomed.kill()
        plane.start(service)
        await plane.run.converge(at_least=15.0)

        assert plane.left() == calm


@pytest.mark.rule("P-12")
def test_any_service_killed_at_any_request_leaves_no_orphan_and_no_double() -> None:
    run_seeds(partial(each, kills), row="P-12", short=SHORT, long=LONG)


async def jumbled(seed: int) -> None:
    calm = await undisturbed(replicas=2)
    async with a_control_plane(seed) as plane:
        plane.start()
        await plane.run.advance(1.0)
        dice = plane.run.dice
        for service in ("reconciler", "rbac", "discovery"):
            plane.processes[service].bus.perturbation = Perturbation(
                drop=0.2 * dice.random(), double=dice.random(), delay=dice.random(), reorder=dice.random()
            )
        create(plane)
        await plane.run.advance(dice.uniform(0.0, 5.0))
        scale(plane, 2)
        await plane.run.advance(25 * 60.0)  # two sweeps make up for what got lost
        for process in plane.processes.values():
            process.bus.perturbation = Perturbation()
        await plane.run.converge()

        assert plane.left() == calm


@pytest.mark.rule("P-26")
def test_lost_doubled_late_and_reordered_events_leave_the_same() -> None:
    run_seeds(partial(each, jumbled), row="P-26", short=SHORT, long=LONG)


async def late_events(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        dice = plane.run.dice
        plane.run.cluster.watches.delay = lambda resource, version: timedelta(seconds=2 * dice.random())
        plane.start()
        create(plane)
        await plane.run.advance(dice.uniform(0.0, 6.0))
        scale(plane, 2)
        await plane.run.converge()

        assert plane.left() == await undisturbed(replicas=2)
        granted = Counter((request.resource, request.name) for request in plane.asked() if request.manager == RBAC)
        assert set(granted.values()) == {1}
        assert len(granted) == 2 * 3 + 2  # for each graph account, Role and binding; for both the planner's two


@pytest.mark.rule("P-16")
def test_late_watch_events_cause_no_grant_to_be_written_twice() -> None:
    run_seeds(partial(each, late_events), row="P-16", short=SHORT, long=LONG)


async def recreation(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        run, dice = plane.run, plane.run.dice
        run.cluster.objects.collects_at_once = False
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=0.5 * dice.random())
        plane.start()
        create(plane)
        await run.advance(dice.uniform(0.0, 5.0))
        run.remove(CHAT)
        while run.cluster.peek(CHAT) is not None:
            await run.advance(0.05)
        await run.advance(dice.uniform(0.0, 0.5))
        run.graph("chat", services=TWO, replicas=2)
        for _ in range(3):
            await run.advance(dice.uniform(0.0, 3.0))
            run.cluster.objects.collect_garbage()
        await run.converge(at_least=400.0)  # a grant whose name was taken is tried again after up to five minutes
        run.cluster.objects.collect_garbage()
        await run.converge()

        assert plane.left() == await undisturbed(replicas=2)
        role = run.cluster.peek(Ref(ROLES, NAMESPACE, "chat-k8s-service-discovery-role")) or {}
        assert [owner.uid for owner in owners_of(role)] == [uid_of(run.cluster.peek(CHAT) or {})]


@pytest.mark.rule("P-18")
def test_a_graph_made_anew_has_grants_and_instances_of_its_own() -> None:
    run_seeds(partial(each, recreation), row="P-18", short=SHORT, long=LONG)


async def deletion(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        run, dice = plane.run, plane.run.dice
        plane.start()
        create(plane)
        moment, calls = dice.randint(1, 40), Counter[str]()

        def delete(request: Request) -> Fault | None:
            calls["all"] += 1
            if calls["all"] == moment:
                run.remove(CHAT)
            return None

        run.cluster.intercept = delete
        await run.converge()
        run.remove(CHAT)
        run.remove(CODE)
        await run.converge()

        left = plane.left()
        shared = {"serviceaccounts/default/planner-serviceaccount"}
        assert left["objects"].keys() == shared
        assert left["grants"].keys() - shared == {
            "rolebindings.rbac.authorization.k8s.io/default/planner-serviceaccount-binding"
        }
        assert left["instances"] == {}


@pytest.mark.rule("P-07")
def test_graphs_deleted_at_any_request_leave_only_what_graphs_share() -> None:
    run_seeds(partial(each, deletion), row="P-07", short=SHORT, long=LONG)


async def late_role(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        run, dice = plane.run, plane.run.dice
        run.remove(Ref(CLUSTER_ROLES, "", ROLE))
        plane.start()
        create(plane)
        await run.advance(dice.uniform(1.0, 900.0))
        planner = Ref(SERVICE_ACCOUNTS, NAMESPACE, "planner-serviceaccount")
        was_made = run.cluster.peek(planner) is not None
        plane.add_role()
        await run.advance(330.0)
        await run.converge()

        assert not was_made
        assert plane.left() == await undisturbed()


@pytest.mark.rule("P-23")
def test_a_cluster_role_that_appears_silently_is_found_by_the_next_look() -> None:
    run_seeds(partial(each, late_role), row="P-23", short=SHORT, long=LONG)


async def take_over(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        plane.start()
        create(plane)
        await plane.run.converge(at_least=20.0)
        before = plane.left()
        plane.run.cluster.requests.clear()
        for service in SERVICES:
            former = plane.processes[service]
            plane.start(service)
            await plane.run.advance(plane.run.dice.uniform(0.0, 8.0))
            former.kill()
        await plane.run.advance(30.0)

        assert plane.asked() == []
        assert plane.left() == before


@pytest.mark.rule("P-17")
def test_taking_over_from_every_service_asks_for_nothing() -> None:
    run_seeds(partial(each, take_over), row="P-17", short=SHORT, long=LONG)


async def wiped_log(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        plane.start()
        create(plane)
        await plane.run.converge(at_least=20.0)
        before = plane.left()
        plane.run.cluster.requests.clear()
        if plane.run.dice.random() < 0.5:
            plane.run.bus.stop()
            await plane.run.advance(plane.run.dice.uniform(0.0, 60.0))
            plane.run.bus.start()
        plane.run.bus.wipe()
        await plane.run.advance(60.0)

        assert plane.asked() == []
        assert plane.left() == before


@pytest.mark.rule("P-05")
def test_a_wiped_log_under_resting_graphs_causes_no_request() -> None:
    run_seeds(partial(each, wiped_log), row="P-05", short=SHORT, long=LONG)
