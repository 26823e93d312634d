"""Seeds: given to the cluster once, then somebody else's. What exists is never written over and never taken away."""

from __future__ import annotations

import pytest

from shared.applying.inventories import Hold, Inputs, decode
from shared.applying.plans import Wanted
from shared.contracts.ownership import SEEDS
from shared.core import labels
from shared.core.errors import ConflictError, UnreachableError
from shared.core.json import Manifest
from shared.core.resources import SCALING_ADAPTERS, VOLUME_CLAIMS, Ref
from shared.testing.cluster_faults import LoseAnswer, Refuse, Request
from tests.unit.shared.applying.test_children import INPUTS, Desk, a_desk
from tests.unit.shared.applying.worlds import UID, a_child, a_view, work

pytestmark = pytest.mark.asyncio

CLAIM = Ref(VOLUME_CLAIMS, "default", "models")
ADAPTER = Ref(SCALING_ADAPTERS, "default", "chat-web")
NEXT = Inputs(UID, 2, "m", "c")


def a_claim(*, owner: str = UID, size: str = "1Gi") -> Manifest:
    return a_child(VOLUME_CLAIMS, "models", owner=owner, resources={"requests": {"storage": size}})


def an_adapter(**replicas: int) -> Manifest:
    child = a_child(SCALING_ADAPTERS, "chat-web")
    child["spec"] = {"dgdRef": {"name": "chat", "serviceName": "web"}, **replicas}
    child["metadata"]["labels"] = {labels.GRAPH_NAME: "chat"}
    return child


CLAIMS = Wanted(seeds=(a_claim(),))
ADAPTERS = Wanted((an_adapter(),), (an_adapter(replicas=2),))


async def bring_about(desk: Desk, wanted: Wanted, inputs: Inputs = INPUTS) -> None:
    """Run one pass in which nothing may fail."""
    result = await desk.children.bring_about(work(desk.view, desk.fence), inputs, lambda: wanted)
    result.raise_error()


async def rests(desk: Desk, inputs: Inputs = INPUTS) -> bool:
    """Return whether a pass would ask nothing."""
    return await desk.children.settled(work(desk.view, desk.fence), inputs) is not None


def requests(desk: Desk) -> list[tuple[str, str]]:
    return [(each.verb, each.manager) for each in desk.cluster.requests]


@pytest.mark.rule("workloads 9.6 #1")
async def test_a_claim_is_made_where_there_is_none() -> None:
    desk = await a_desk()

    await bring_about(desk, CLAIMS)

    assert desk.cluster.peek(CLAIM) is not None
    assert requests(desk) == [("create", SEEDS)]
    assert await rests(desk)


async def test_a_claim_that_is_bound_or_resized_by_others_is_at_rest() -> None:
    desk = await a_desk()
    await bring_about(desk, CLAIMS)

    desk.view.was_written(desk.cluster.edit(CLAIM, lambda live: live["spec"].update(volumeName="pv-1")))

    assert await rests(desk)


@pytest.mark.rule("workloads 9.6 #1")
async def test_a_claim_that_somebody_made_is_used_as_it_is() -> None:
    desk = await a_desk()
    theirs = desk.cluster.put(a_claim(owner="", size="5Gi"))

    await bring_about(desk, CLAIMS)
    await bring_about(desk, CLAIMS)

    assert desk.cluster.peek(CLAIM) == theirs
    assert requests(desk) == [("create", SEEDS), ("get", "")]


async def test_a_claim_that_the_view_shows_is_not_asked_for() -> None:
    desk = await a_desk()
    desk.view = a_view([desk.cluster.put(a_claim(owner="another"))])

    await bring_about(desk, CLAIMS)

    assert desk.cluster.requests == []
    assert await rests(desk)


async def test_a_claim_that_is_gone_is_made_again() -> None:
    desk = await a_desk()
    await bring_about(desk, CLAIMS)
    desk.cluster.remove(CLAIM)
    desk.view = a_view()

    await bring_about(desk, CLAIMS)

    assert desk.cluster.peek(CLAIM) is not None


async def test_a_claim_in_deletion_is_there_until_it_is_gone() -> None:
    desk = await a_desk()
    await bring_about(desk, CLAIMS)
    desk.cluster.edit(CLAIM, lambda live: live["metadata"].update(finalizers=["kubernetes.io/pvc-protection"]))
    desk.cluster.remove(CLAIM)
    desk.view.was_written(desk.cluster.all(VOLUME_CLAIMS)[0])

    assert await rests(desk)


@pytest.mark.rule("workloads 7.8 PVC removed from list")
async def test_a_claim_that_is_no_longer_named_stays() -> None:
    desk = await a_desk()
    await bring_about(desk, CLAIMS)

    await bring_about(desk, Wanted(), NEXT)

    assert desk.cluster.peek(CLAIM) is not None
    assert await rests(desk, NEXT)


async def test_a_claim_whose_answer_was_lost_is_found_again() -> None:
    desk = await a_desk()
    desk.cluster.intercept = lambda request: LoseAnswer()
    with pytest.raises(UnreachableError):
        await bring_about(desk, CLAIMS)
    desk.cluster.intercept = lambda request: None

    await bring_about(desk, CLAIMS)

    assert [each["metadata"]["name"] for each in desk.cluster.all(VOLUME_CLAIMS)] == ["models"]
    assert desk.told.decisions == []
    assert await rests(desk)


async def test_a_claim_that_goes_while_it_is_looked_at_is_made_by_the_next_pass() -> None:
    desk = await a_desk()
    desk.cluster.put(a_claim(owner=""))

    def remove_before_get(request: Request) -> None:
        if request.verb == "get":
            desk.cluster.remove(CLAIM)

    desk.cluster.intercept = remove_before_get

    with pytest.raises(ConflictError, match="gone again"):
        await bring_about(desk, CLAIMS)


@pytest.mark.rule("workloads 3.3 #1", "SA-05")
async def test_an_adapter_begins_with_the_replicas_of_its_service() -> None:
    desk = await a_desk()

    await bring_about(desk, ADAPTERS)

    live = desk.cluster.peek(ADAPTER)
    assert live is not None
    assert live["spec"] == {"replicas": 2, "dgdRef": {"name": "chat", "serviceName": "web"}}
    assert await rests(desk)


@pytest.mark.rule("W-06")
async def test_what_an_autoscaler_sets_is_neither_written_over_nor_looked_into() -> None:
    desk = await a_desk()
    await bring_about(desk, ADAPTERS)
    desk.view.was_written(desk.cluster.edit(ADAPTER, lambda live: live["spec"].update(replicas=7), manager="hpa"))
    at_rest = await rests(desk)

    await bring_about(desk, Wanted((an_adapter(),), (an_adapter(replicas=3),)), NEXT)

    live = desk.cluster.peek(ADAPTER)
    assert live is not None
    assert at_rest
    assert live["spec"]["replicas"] == 7
    assert await rests(desk, NEXT)


async def test_what_an_adapter_is_for_is_repaired() -> None:
    desk = await a_desk()
    await bring_about(desk, ADAPTERS)
    changed = desk.cluster.edit(ADAPTER, lambda live: live["spec"].update(dgdRef={"name": "other"}, replicas=7))
    desk.view.was_written(changed)

    await bring_about(desk, ADAPTERS)

    live = desk.cluster.peek(ADAPTER)
    assert live is not None
    assert live["spec"] == {"replicas": 7, "dgdRef": {"name": "chat", "serviceName": "web"}}


@pytest.mark.rule("SA-08")
async def test_an_adapter_that_was_deleted_by_hand_is_made_again() -> None:
    desk = await a_desk()
    await bring_about(desk, ADAPTERS)
    desk.cluster.remove(ADAPTER)
    desk.view = a_view()

    await bring_about(desk, ADAPTERS)

    assert desk.cluster.peek(ADAPTER) is not None


async def test_an_adapter_between_its_creation_and_its_first_apply_is_taken_up() -> None:
    desk = await a_desk()
    desk.cluster.intercept = lambda request: Refuse(UnreachableError("away")) if request.verb == "apply" else None
    with pytest.raises(UnreachableError):
        await bring_about(desk, ADAPTERS)
    desk.cluster.intercept = lambda request: None

    await bring_about(desk, ADAPTERS)

    live = desk.cluster.peek(ADAPTER)
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert await rests(desk)


async def test_the_inventory_remembers_what_of_a_child_is_ours() -> None:
    desk = await a_desk()
    await bring_about(desk, Wanted((an_adapter(), a_child()), (an_adapter(replicas=2), a_claim())))

    inventory = await desk.children.inventories.read(work(desk.view, desk.fence).primary, desk.fence)

    assert decode(inventory.encode()) == inventory
    assert {ref.name: each.hold for ref, each in inventory.children.items()} == {
        "chat-web": Hold.SHARED,
        "models": Hold.PRESENCE,
        "one": Hold.WHOLE,
    }
