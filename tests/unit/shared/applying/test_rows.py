"""The decisions about one object, row by row, on a pass that compares, writes and remembers (workloads 9.1)."""

from __future__ import annotations

import pytest

from shared.applying.inventories import Inputs
from shared.core.errors import UnreachableError
from shared.core.json import Manifest, digest
from shared.core.resources import DEPLOYMENTS, SERVICES, Ref
from shared.testing.cluster_faults import Refuse
from tests.unit.shared.applying.test_children import Desk, a_desk
from tests.unit.shared.applying.worlds import UID, a_child

pytestmark = pytest.mark.asyncio

NEXT = Inputs(UID, 2, "m", "c")
WEB = Ref(DEPLOYMENTS, "default", "web")
HASH, GENERATION = "nvidia.com/last-applied-hash", "nvidia.com/last-applied-generation"


def a_deployment(*init: str, replicas: int = 2) -> Manifest:
    containers = [{"name": name} for name in init]
    return a_child(DEPLOYMENTS, "web", replicas=replicas, template={"spec": {"initContainers": containers}})


def verbs(desk: Desk) -> list[str]:
    """Return what was asked since the last time."""
    asked: list[str] = [request.verb for request in desk.cluster.requests]
    desk.cluster.requests.clear()
    return asked


def see(desk: Desk) -> None:
    """Bring the view up to date, as events would."""
    for manifest in (*desk.cluster.all(DEPLOYMENTS), *desk.cluster.all(SERVICES)):
        desk.view.was_written(manifest)


@pytest.mark.rule("workloads 9.1 read error")
async def test_a_server_that_does_not_answer_fails_the_pass_and_changes_nothing() -> None:
    desk = await a_desk()
    desk.cluster.intercept = lambda request: Refuse(UnreachableError("away"))

    result = await desk.want(a_deployment())

    with pytest.raises(UnreachableError, match="away"):
        result.raise_error()
    assert desk.told.decisions == []
    assert result.inventory.children == {}


@pytest.mark.rule("workloads 9.1 absent")
async def test_what_is_not_there_and_not_wanted_is_nothing() -> None:
    desk = await a_desk()

    await desk.want()

    assert verbs(desk) == []
    assert desk.told.decisions == []


@pytest.mark.rule("workloads 12 Sync #2", "workloads 9.1 absent (2)")
async def test_what_is_made_is_remembered_with_its_first_generation() -> None:
    desk = await a_desk()

    result = await desk.want(a_deployment())

    assert verbs(desk) == ["apply"]
    assert result.inventory.children[WEB].generation == 1


@pytest.mark.rule("workloads 9.1 #3", "W-50")
async def test_a_manual_edit_is_undone_once_and_then_it_is_quiet() -> None:
    desk = await a_desk()
    await desk.want(a_deployment())
    desk.cluster.edit(WEB, lambda live: live["spec"].update(replicas=9))
    see(desk)
    verbs(desk)

    await desk.want(a_deployment())
    first = verbs(desk)
    see(desk)
    await desk.want(a_deployment())

    live = desk.cluster.peek(WEB)
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert (first, verbs(desk)) == (["apply"], [])
    assert [each.message for each in desk.told.decisions] == ["created Deployment web", "repaired Deployment web"]


@pytest.mark.rule("workloads 9.1 #3", "workloads 9.1 #4")
async def test_what_the_server_fills_in_later_costs_one_look_and_no_change() -> None:
    desk = await a_desk()
    await desk.want(a_deployment())
    desk.cluster.edit(WEB, lambda live: live["spec"].update(revisionHistoryLimit=10), manager="kube-apiserver")
    see(desk)
    verbs(desk)

    await desk.want(a_deployment())
    first = verbs(desk)
    await desk.want(a_deployment())

    assert (first, verbs(desk)) == (["apply"], [])
    assert [each.message for each in desk.told.decisions] == ["created Deployment web"]


@pytest.mark.rule(
    "workloads 9.1 hash annotation missing",
    "workloads 9.1 generation annotation missing",
    "workloads 9.1 generation annotation not a number",
    "workloads 9.1 #6",
)
@pytest.mark.parametrize(
    "annotations",
    [
        pytest.param({}, id="no annotation"),
        pytest.param({HASH: "44136fa3"}, id="a hash alone"),
        pytest.param({HASH: "44136fa3", GENERATION: "1"}, id="both"),
        pytest.param({HASH: "44136fa3", GENERATION: "one"}, id="a generation that is no number"),
    ],
)
async def test_an_object_that_the_reference_made_is_taken_up_with_one_write(annotations: dict[str, str]) -> None:
    desk = await a_desk()
    theirs = a_deployment(replicas=7)
    theirs["metadata"]["annotations"] = annotations
    desk.view.was_written(desk.cluster.put(theirs, manager="manager"))

    await desk.want(a_deployment())
    first = verbs(desk)
    see(desk)
    await desk.want(a_deployment())

    live = desk.cluster.peek(WEB)
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert (first, verbs(desk)) == (["apply"], [])


@pytest.mark.rule("W-51", "workloads 9.1 #5")
async def test_another_order_of_containers_is_a_change() -> None:
    desk = await a_desk()
    await desk.want(a_deployment("first", "second"))
    verbs(desk)

    await desk.want(a_deployment("second", "first"), inputs=NEXT)

    live = desk.cluster.peek(WEB)
    assert live is not None
    assert [each["name"] for each in live["spec"]["template"]["spec"]["initContainers"]] == ["second", "first"]
    assert verbs(desk) == ["apply"]


@pytest.mark.rule("workloads 9.1 #5")
async def test_another_order_of_keys_is_none() -> None:
    desk = await a_desk()
    await desk.want(a_deployment("first"))
    verbs(desk)
    shuffled = dict(reversed(a_deployment("first").items()))

    await desk.want(shuffled, inputs=NEXT)

    assert digest(shuffled) == digest(a_deployment("first"))
    assert verbs(desk) == []


@pytest.mark.rule("W-49", "workloads 9.1 #2")
async def test_labels_owners_and_what_has_no_spec_converge_too() -> None:
    desk = await a_desk()
    await desk.want(a_deployment())
    desk.cluster.edit(WEB, lambda live: live["metadata"].update(ownerReferences=[]))
    see(desk)
    changed = a_deployment()
    changed["metadata"]["labels"] = {"a": "b"}

    await desk.want(changed, inputs=NEXT)

    live = desk.cluster.peek(WEB)
    assert live is not None
    assert live["metadata"]["labels"] == {"a": "b"}
    assert [each["uid"] for each in live["metadata"]["ownerReferences"]] == [UID]


@pytest.mark.rule("W-39", "workloads 9.1 present")
async def test_an_object_of_somebody_else_is_neither_changed_nor_deleted() -> None:
    desk = await a_desk()
    theirs = desk.cluster.put(a_child(DEPLOYMENTS, "web", owner="another"))
    unowned = desk.cluster.put(a_child(SERVICES, "loose", owner=""))
    see(desk)

    await desk.want(a_deployment())
    await desk.want(inputs=NEXT)

    assert desk.cluster.peek(WEB) == theirs
    assert desk.cluster.all(SERVICES) == (unowned,)
