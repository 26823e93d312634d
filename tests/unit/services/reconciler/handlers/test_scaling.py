"""Telling Grove how many replicas a service has."""

from __future__ import annotations

import pytest

from services.reconciler.desired.grove.scales import Scale
from services.reconciler.handlers.graphs import GraphHandler
from services.reconciler.handlers.scaling import Scaler
from shared.contracts.ownership import SCALES
from shared.core.errors import ConflictError, LeaseLostError, NotFoundError, PermanentError
from shared.core.json import Manifest, integer
from shared.core.resources import GRAPHS, POD_CLIQUES
from shared.testing.cluster_faults import Refuse
from tests.unit.services.reconciler.handlers.grove_worlds import WEB_CLIQUE, GroveDesk, a_gang, a_grove
from tests.unit.services.reconciler.handlers.worlds import CHAT

pytestmark = pytest.mark.asyncio


async def a_scaled_desk(replicas: int = 1) -> GroveDesk:
    """Return a desk with a clique of some replicas in view."""
    desk = await a_grove()
    desk.cluster.put(
        {
            "apiVersion": POD_CLIQUES.api_version,
            "kind": POD_CLIQUES.kind,
            "metadata": {"name": WEB_CLIQUE.name, "namespace": WEB_CLIQUE.namespace},
            "spec": {"replicas": replicas},
        }
    )
    desk.see()
    return desk


def to(replicas: int | None) -> tuple[Scale]:
    """Return what service `web` should be scaled to."""
    return (Scale("web", WEB_CLIQUE, replicas),)


def live_replicas(desk: GroveDesk) -> int:
    """Return the replicas of the clique."""
    return integer(desk.cluster.peek(WEB_CLIQUE), "spec", "replicas")


@pytest.mark.rule("workloads 8.7 #1")
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 0), (0, 2)])
async def test_a_number_that_differs_is_written(before: int, after: int) -> None:
    desk = await a_scaled_desk(before)

    assert await Scaler(desk.cluster).bring_about(desk.work(CHAT), to(after)) is None

    assert live_replicas(desk) == after
    assert [(each.subresource, each.manager) for each in desk.cluster.writes] == [("scale", SCALES)]


@pytest.mark.parametrize("wanted", [None, 1], ids=["no number", "the same"])
async def test_nothing_is_asked_where_nothing_differs(wanted: int | None) -> None:
    desk = await a_scaled_desk(1)

    assert await Scaler(desk.cluster).bring_about(desk.work(CHAT), to(wanted)) is None

    assert desk.cluster.requests == []


async def test_what_was_sent_is_not_sent_again_before_its_event_comes() -> None:
    desk = await a_scaled_desk(1)
    scaler = Scaler(desk.cluster)

    await scaler.bring_about(desk.work(CHAT), to(3))
    await scaler.bring_about(desk.work(CHAT), to(3))

    assert len(desk.cluster.requests) == 1


async def test_another_number_is_sent_although_no_event_has_come() -> None:
    desk = await a_scaled_desk(1)
    scaler = Scaler(desk.cluster)
    await scaler.bring_about(desk.work(CHAT), to(3))

    first = await scaler.bring_about(desk.work(CHAT), to(4))
    desk.see()
    second = await scaler.bring_about(desk.work(CHAT), to(4))

    assert isinstance(first, ConflictError)  # the number that the view shows is not there any more
    assert second is None
    assert live_replicas(desk) == 4


@pytest.mark.rule("OB-04")
async def test_who_scaled_in_between_is_not_written_over_unseen() -> None:
    desk = await a_scaled_desk(1)
    desk.cluster.edit(WEB_CLIQUE, to_five)

    error = await Scaler(desk.cluster).bring_about(desk.work(CHAT), to(3))

    assert isinstance(error, ConflictError)
    assert live_replicas(desk) == 5


async def test_a_clique_that_is_gone_again_is_no_error() -> None:
    desk = await a_scaled_desk(1)
    desk.cluster.intercept = lambda request: Refuse(NotFoundError("gone"))

    assert await Scaler(desk.cluster).bring_about(desk.work(CHAT), to(3)) is None


@pytest.mark.rule("W-45")
async def test_what_grove_refuses_does_not_keep_others_from_being_scaled() -> None:
    desk = await a_scaled_desk(1)
    desk.cluster.intercept = lambda request: Refuse(PermanentError("no zero")) if len(desk.cluster.writes) < 2 else None

    error = await Scaler(desk.cluster).bring_about(desk.work(CHAT), (*to(0), *to(2)))

    assert str(error).endswith("failed to update scale for podcliques chat-0-web: no zero")
    assert live_replicas(desk) == 2


async def test_nothing_is_scaled_under_a_claim_that_has_ended() -> None:
    desk = await a_scaled_desk(1)
    desk.fence.is_ended = True

    with pytest.raises(LeaseLostError):
        await Scaler(desk.cluster).bring_about(desk.work(CHAT), to(3))

    assert desk.cluster.requests == []


@pytest.mark.rule("OB-04")
async def test_a_lost_race_is_no_failure_of_the_graph() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    desk.cluster.edit(CHAT, to_three)
    desk.see()
    desk.cluster.edit(WEB_CLIQUE, to_five)

    with pytest.raises(ConflictError):
        await desk.run()

    assert desk.condition(CHAT, "Ready")[1] == "some_resources_are_not_ready"
    await desk.bring_about()
    assert live_replicas(desk) == 3


def to_five(live: Manifest) -> None:
    live["spec"]["replicas"] = 5


def to_three(live: Manifest) -> None:
    live["spec"]["services"]["web"]["replicas"] = 3


async def test_a_graph_that_goes_leaves_nothing_behind_in_memory() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    desk.start()  # nothing is rendered in this process
    desk.cluster.edit(WEB_CLIQUE, to_five)
    desk.see()
    await desk.run()
    handler = desk.rules.primaries[GRAPHS]
    assert isinstance(handler, GraphHandler)
    sent = len(handler.scaler._sent)

    desk.cluster.remove(CHAT)
    desk.see()
    await desk.run()
    desk.see()
    await desk.run()

    assert (sent, len(handler.scaler._sent)) == (1, 0)
