"""The steps of a graph's pass that come before its objects: claims, adapters, keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import InvalidObjectError, PermanentError
from shared.core.json import Manifest, text
from shared.core.objects import controller_of
from shared.core.outcomes import Retry
from shared.core.resources import COMPONENTS, EVENTS, SCALING_ADAPTERS, VOLUME_CLAIMS, Ref
from shared.testing.cluster_faults import Refuse
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, Desk, a_desk, a_graph

pytestmark = pytest.mark.asyncio

MODELS = Ref(VOLUME_CLAIMS, NAMESPACE, "models")
ADAPTER = Ref(SCALING_ADAPTERS, NAMESPACE, "chat-web")
MADE = {"create": True, "size": "10Gi", "storageClass": "fast", "volumeAccessMode": "ReadWriteMany"}


def with_claim(**fields: Any) -> Manifest:
    """Return a graph that names claim `models`."""
    graph = a_graph()
    graph["spec"]["pvcs"] = [{"name": "models", **fields}]
    return graph


def with_adapter() -> Manifest:
    """Return a graph whose only service is scaled by an adapter."""
    graph = a_graph(replicas=2)
    graph["spec"]["services"]["web"] |= {"scalingAdapter": {"enabled": True}}
    return graph


def a_claim() -> Manifest:
    """Return claim `models` as a user makes it."""
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models", "namespace": NAMESPACE}}


# Claims


@pytest.mark.rule("workloads 3.1 #5", "workloads 3.1 5", "workloads 9.6 #1")
async def test_a_claim_that_is_missing_fails_the_graph_before_anything_is_made() -> None:
    desk = await a_desk(with_claim())

    outcome = await desk.run()

    message = 'failed to reconcile top-level PVCs: PersistentVolumeClaim "models" not found'
    assert desk.condition(CHAT, "Ready") == ("False", "failed_to_reconcile_the_resources", message)
    assert text(desk.cluster.peek(CHAT), "status", "state") == "failed"
    assert desk.cluster.all(COMPONENTS) == ()
    assert outcome == Retry(message, timedelta(seconds=2))


@pytest.mark.rule("workloads 3.1 #5")
async def test_a_graph_goes_on_when_its_claim_is_there() -> None:
    desk = await a_desk(with_claim())
    await desk.run()

    desk.cluster.put(a_claim())
    await desk.bring_about()
    desk.forget_requests()
    await desk.run()

    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"
    assert desk.cluster.requests == []


@pytest.mark.rule("workloads 9.6 #1", "W-58")
async def test_a_claim_is_made_once_and_then_left_alone() -> None:
    desk = await a_desk(with_claim(**MADE))
    await desk.bring_about()
    owner = controller_of(desk.cluster.peek(MODELS) or {})

    desk.cluster.edit(MODELS, grown)
    await desk.bring_about()

    live = desk.cluster.peek(MODELS) or {}
    assert live["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert owner is not None
    assert owner.name == "chat"


@pytest.mark.rule("W-58")
async def test_a_claim_that_differs_from_what_the_graph_asks_for_is_told() -> None:
    desk = await a_desk(with_claim(**MADE))
    desk.cluster.put({**a_claim(), "spec": {"storageClassName": "slow"}})

    await desk.bring_about()

    assert ("Warning", "VolumeClaimDiffers") in await desk.events()


# Adapters


@pytest.mark.rule("workloads 3.1 #6", "workloads 3.3 #1", "W-06")
async def test_an_adapter_is_made_with_the_services_number_and_keeps_its_own() -> None:
    desk = await a_desk(with_adapter())
    await desk.bring_about()
    first = replicas(desk)

    desk.cluster.edit(ADAPTER, scaled)
    await desk.bring_about()

    assert (first, replicas(desk)) == (2, 7)


@pytest.mark.rule("workloads 3.3 #1", "OB-06")
async def test_an_adapter_goes_with_its_service_and_that_is_told() -> None:
    desk = await a_desk(with_adapter())
    await desk.bring_about()

    desk.cluster.edit(CHAT, renamed)
    await desk.bring_about()
    events = await desk.events()

    assert desk.cluster.peek(ADAPTER) is None
    assert ("Normal", "AdapterDeleted") in events
    messages = {text(each, "message") for each in desk.cluster.all(EVENTS)}
    assert "Deleted orphaned scaling adapter chat-web for removed service web" in messages


@pytest.mark.rule("workloads 3.3 #1", "workloads 7.8 scalingAdapter off or service gone")
async def test_an_adapter_that_is_switched_off_is_deleted_like_any_other_child() -> None:
    desk = await a_desk(with_adapter())
    await desk.bring_about()

    desk.cluster.edit(CHAT, without_adapter)
    await desk.bring_about()

    assert desk.cluster.peek(ADAPTER) is None
    assert ("Normal", "AdapterDeleted") not in await desk.events()


@pytest.mark.rule("workloads 3.1 6", "workloads 3.1 #11")
async def test_an_adapter_that_is_refused_is_told_with_its_step() -> None:
    desk = await a_desk(with_adapter())
    error = InvalidObjectError("no")
    desk.cluster.intercept = lambda request: Refuse(error) if request.resource is SCALING_ADAPTERS else None

    with pytest.raises(PermanentError):
        await desk.run()

    assert desk.condition(CHAT, "Ready")[2] == "failed to reconcile scaling adapters: no"


def replicas(desk: Desk) -> object:
    return (desk.cluster.peek(ADAPTER) or {})["spec"]["replicas"]


def grown(live: Manifest) -> None:
    live["spec"]["resources"]["requests"]["storage"] = "20Gi"


def scaled(live: Manifest) -> None:
    live["spec"]["replicas"] = 7


def renamed(live: Manifest) -> None:
    service = live["spec"]["services"].pop("web")
    live["spec"]["services"]["other"] = {key: value for key, value in service.items() if key != "scalingAdapter"}


def without_adapter(live: Manifest) -> None:
    live["spec"]["services"]["web"]["scalingAdapter"] = {"enabled": False}
