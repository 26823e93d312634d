"""Claims that users make are asked for, and claims that are to be retained lose the graph as their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.reconciler.desired.claims import RETAIN, VolumeClaims, volume_claims
from services.reconciler.handlers.claims import Claims, drifts, pause
from shared.applying.children import Result
from shared.applying.writes import Written
from shared.core import labels
from shared.core.errors import LeaseLostError
from shared.core.json import Manifest
from shared.core.resources import VOLUME_CLAIMS, Ref
from shared.ports.passes import Entry, View, Work
from shared.runtime.partitions.views.entries import entry_of_manifest
from shared.testing.cluster import FakeCluster
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, a_graph
from tests.unit.shared.applying.worlds import Fence, a_view

pytestmark = pytest.mark.asyncio

CLAIM = Ref(VOLUME_CLAIMS, NAMESPACE, "models")
MADE = {"name": "models", "create": True, "size": "10Gi", "storageClass": "fast", "volumeAccessMode": "ReadWriteMany"}
AWAITED = VolumeClaims(awaited=(CLAIM,))


def a_claim(size: str = "10Gi") -> Manifest:
    graph = a_graph(uid="graph-uid")
    graph["spec"]["pvcs"] = [{**MADE, "size": size}]
    return volume_claims(graph).seeds[0]


def the_graph(**annotations: str) -> Entry:
    """Return what the view holds of the graph."""
    return entry_of_manifest(a_graph(uid="graph-uid", resourceVersion="1", annotations=annotations), epoch="")[0]


def a_pass(view: View, fence: Fence | None = None) -> Work:
    return Work(CHAT, view, fence or Fence(), "edit")


@pytest.mark.rule("workloads 9.6 #1")
async def test_a_claim_that_does_not_exist_is_a_problem() -> None:
    problems = await Claims(FakeCluster()).missing(AWAITED, a_view())

    assert [problem.subject for problem in problems] == ["PersistentVolumeClaim models"]


@pytest.mark.rule("workloads 9.6 #1")
async def test_a_claim_that_exists_is_none_whatever_it_is_like() -> None:
    cluster = FakeCluster()
    cluster.put(a_claim("1Gi"))

    assert await Claims(cluster).missing(AWAITED, a_view()) == ()


async def test_a_claim_that_the_view_shows_is_not_asked_for() -> None:
    cluster = FakeCluster()
    view = a_view([cluster.put(a_claim())])

    assert await Claims(cluster).missing(AWAITED, view) == ()
    assert cluster.requests == []


async def test_what_no_event_tells_of_is_asked_for_with_growing_pauses() -> None:
    pauses = [pause(attempt) for attempt in (1, 2, 3, 4, 5, 6, 100)]

    assert pauses == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16, 30, 30, 30)]


@pytest.mark.rule("W-58")
async def test_a_claim_that_is_to_be_retained_loses_its_owner_and_nothing_else() -> None:
    cluster = FakeCluster()
    before = cluster.put(a_claim())
    view = a_view([before])

    await Claims(cluster).let_go(the_graph(**{RETAIN: "true"}), a_pass(view))
    requests = len(cluster.requests)
    await Claims(cluster).let_go(the_graph(**{RETAIN: "true"}), a_pass(view))

    after = cluster.peek(CLAIM)
    assert after is not None
    assert not after["metadata"].get("ownerReferences")
    assert after["metadata"]["labels"] == {labels.GRAPH_NAME: "chat"}
    assert after["spec"] == before["spec"]
    assert len(cluster.requests) == requests


@pytest.mark.rule("W-58")
@pytest.mark.parametrize("annotations", [{}, {RETAIN: "false"}])
async def test_without_the_annotation_claims_go_with_their_graph(annotations: dict[str, str]) -> None:
    cluster = FakeCluster()
    view = a_view([cluster.put(a_claim())])

    await Claims(cluster).let_go(the_graph(**annotations), a_pass(view))

    assert cluster.requests == []


async def test_a_claim_that_is_gone_or_somebody_elses_by_now_is_left() -> None:
    cluster = FakeCluster()
    view = a_view([cluster.put(a_claim())])
    cluster.edit(CLAIM, lambda live: live["metadata"].pop("ownerReferences"))

    await Claims(cluster).let_go(the_graph(**{RETAIN: "true"}), a_pass(view))
    cluster.remove(CLAIM)
    await Claims(cluster).let_go(the_graph(**{RETAIN: "true"}), a_pass(view))

    assert cluster.writes == ()


async def test_a_claim_that_goes_while_it_is_let_go_of_is_gone() -> None:
    cluster = FakeCluster()
    view = a_view([cluster.put(a_claim())])

    def remove_before_patch(request: object) -> None:
        if getattr(request, "verb", "") == "patch":
            cluster.remove(CLAIM)

    cluster.intercept = remove_before_patch

    await Claims(cluster).let_go(the_graph(**{RETAIN: "true"}), a_pass(view))

    assert cluster.peek(CLAIM) is None


async def test_no_claim_is_let_go_of_under_a_claim_that_has_ended() -> None:
    cluster = FakeCluster()
    view = a_view([cluster.put(a_claim())])

    with pytest.raises(LeaseLostError):
        await Claims(cluster).let_go(the_graph(**{RETAIN: "true"}), a_pass(view, Fence(is_ended=True)))


@pytest.mark.rule("W-58")
async def test_what_a_claim_is_like_is_told_from_the_view_or_from_what_was_found() -> None:
    wanted = VolumeClaims(seeds=(a_claim(),))
    live = FakeCluster().put(a_claim("5Gi"))
    found = Result(written=Written({}, {CLAIM: live}))

    told = drifts(wanted, found, a_view())

    assert told == ("PersistentVolumeClaim models has size 5Gi instead of 10Gi: existing claims are not changed",)
    assert drifts(wanted, Result(), a_view([live])) == told
    assert drifts(wanted, Result(), a_view()) == ()
    assert drifts(wanted, Result(), a_view([FakeCluster().put(a_claim())])) == ()
