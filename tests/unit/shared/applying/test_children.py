"""Compare, write, remember: one failing write stops nothing, and whatever was answered is recorded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.applying.children import Children, Result
from shared.applying.inventories import Inputs, Inventories
from shared.applying.plans import Wanted
from shared.applying.writes import PARALLEL_WRITES, Writer
from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core.errors import LeaseLostError, UnreachableError
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import SERVICES, Ref
from shared.ports.passes import View
from shared.ports.store import Put
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Delay, Fault, LoseAnswer, Refuse, Request
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import KEYS, MANAGED, UID, Fence, Told, a_child, a_view, work

pytestmark = pytest.mark.asyncio

INPUTS = Inputs(UID, 1, "m", "c")
CHILD = Ref(SERVICES, "default", "one")


@dataclass(slots=True)
class Desk:
    """Children of graph `chat`, on fakes."""

    cluster: FakeCluster = field(default_factory=lambda: FakeCluster(collects_at_once=False))
    store: FakeStore = field(default_factory=lambda: FakeStore(FakeClock()))
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=Fence)
    view: PassView = field(default_factory=a_view)
    children: Children = field(init=False)
    renderings: int = 0

    def __post_init__(self) -> None:
        self.children = Children(
            Writer(self.cluster, GRAPH_CHILDREN), Inventories(self.store, KEYS, "test"), self.told, MANAGED
        )

    async def want(self, *manifests: Manifest, inputs: Inputs = INPUTS, keeps: bool = False) -> Result:
        """Bring children about."""

        def render() -> Wanted:
            self.renderings += 1
            return Wanted(manifests, keeps_unwanted=keeps)

        return await self.children.bring_about(work(self.view, self.fence), inputs, render)

    def names(self) -> list[str]:
        """Return the names of what exists."""
        return [each["metadata"]["name"] for each in self.cluster.all(SERVICES)]

    def fail(self, name: str, fault: Fault) -> None:
        """Disturb each write to a child."""
        self.cluster.intercept = lambda request: fault if request.name == name else None


async def a_desk() -> Desk:
    """Return a desk whose claim is held."""
    desk = Desk()
    desk.fence.token = await desk.store.commit([Put(desk.fence.claim, b"")])
    return desk


async def test_brings_children_about_and_tells_of_those_of_one_pass_together() -> None:
    desk = await a_desk()

    result = await desk.want(a_child(), a_child(name="two"))
    await desk.want(a_child(name="two", type="NodePort"), inputs=Inputs(UID, 2, "m", "c"))

    assert desk.names() == ["two"]
    assert result.inventory.inputs == INPUTS
    assert [each.message for each in desk.told.decisions] == [
        "created Service one, two",
        "updated Service two",
        "deleted Service one",
    ]
    assert [each.decision for each in desk.told.decisions] == ["created", "updated", "deleted"]
    assert {each.correlation for each in desk.told.decisions} == {"edit.1"}


async def test_who_asked_for_answers_has_them_before_the_view_makes_others_pass() -> None:
    desk = await a_desk()
    order: list[str] = []
    view = PassView(PartitionView(0, 1), lambda effect: order.append("the view"))

    await desk.children.bring_about(
        work(view, desk.fence),
        INPUTS,
        lambda: Wanted((a_child(),)),
        on_answer=lambda answer: order.append(answer["metadata"]["name"]),
    )

    assert order == ["one", "the view"]


async def test_a_pass_at_rest_renders_asks_and_writes_nothing() -> None:
    desk = await a_desk()
    await desk.want(a_child())
    desk.cluster.requests.clear()
    calls = desk.store.calls.copy()

    result = await desk.want(a_child())

    assert result.plan is None
    assert desk.renderings == 1
    assert desk.cluster.requests == []
    assert desk.store.calls == calls
    assert await desk.children.settled(work(desk.view, desk.fence), INPUTS) == result.inventory
    assert await desk.children.settled(work(desk.view, desk.fence), Inputs(UID, 2, "m", "c")) is None


async def test_one_failing_write_does_not_stop_the_others() -> None:
    desk = await a_desk()
    desk.fail("two", Refuse(UnreachableError("no answer")))

    result = await desk.want(a_child(), a_child(name="two"), a_child(name="three"))

    assert desk.names() == ["one", "three"]
    assert {ref.name for ref in result.inventory.children} == {"one", "three"}
    assert result.inventory.inputs is None
    with pytest.raises(UnreachableError, match="no answer"):
        result.raise_error()


@pytest.mark.rule("workloads 7.4 #1")
async def test_what_comes_after_something_is_written_when_that_is_there() -> None:
    desk = await a_desk()
    one, two = a_child(), a_child(name="two")
    wanted = Wanted([one, two], after={ref_of(one): ref_of(two)})

    await desk.children.bring_about(work(desk.view, desk.fence), INPUTS, lambda: wanted)

    assert [request.name for request in desk.cluster.writes] == ["two", "one"]


async def test_what_comes_after_something_that_fails_waits_and_the_rest_does_not() -> None:
    desk = await a_desk()
    one, two, three = a_child(), a_child(name="two"), a_child(name="three")
    wanted = Wanted([one, two, three], after={ref_of(one): ref_of(two)})
    desk.fail("two", Refuse(UnreachableError("no answer")))

    result = await desk.children.bring_about(work(desk.view, desk.fence), INPUTS, lambda: wanted)
    names_meanwhile = desk.names()
    desk.cluster.intercept = lambda request: None
    await desk.children.bring_about(work(desk.view, desk.fence), INPUTS, lambda: wanted)

    assert names_meanwhile == ["three"]
    assert result.inventory.inputs is None
    assert sorted(desk.names()) == ["one", "three", "two"]


async def test_what_is_there_already_is_waited_for_by_nobody() -> None:
    desk = await a_desk()
    one, two = a_child(), a_child(name="two")
    await desk.want(two)
    wanted = Wanted([one, two], after={ref_of(one): ref_of(two)})

    await desk.children.bring_about(work(desk.view, desk.fence), Inputs(UID, 2, "m", "c"), lambda: wanted)

    assert sorted(desk.names()) == ["one", "two"]


async def test_after_a_failure_the_next_pass_writes_the_rest_only() -> None:
    desk = await a_desk()
    desk.fail("two", Refuse(UnreachableError("no answer")))
    await desk.want(a_child(), a_child(name="two"))
    desk.cluster.requests.clear()
    desk.cluster.intercept = lambda request: None

    result = await desk.want(a_child(), a_child(name="two"))
    result.raise_error()

    assert [request.name for request in desk.cluster.requests] == ["two"]
    assert result.inventory.inputs == INPUTS


async def test_a_write_whose_answer_was_lost_is_done_again() -> None:
    desk = await a_desk()
    desk.fail("one", LoseAnswer())
    await desk.want(a_child())
    desk.cluster.intercept = lambda request: None

    await desk.want(a_child())

    assert desk.names() == ["one"]
    assert [each.message for each in desk.told.decisions] == ["created Service one"]


@pytest.mark.rule("W-07", "W-61")
async def test_what_is_no_longer_wanted_goes_when_all_that_is_wanted_is_there() -> None:
    desk = await a_desk()
    await desk.want(a_child())
    desk.fail("two", Refuse(UnreachableError("no answer")))

    failed = await desk.want(a_child(name="two"), a_child(name="three"), inputs=Inputs(UID, 2, "m", "c"))
    names_meanwhile = desk.names()
    desk.cluster.intercept = lambda request: None
    await desk.want(a_child(name="two"), a_child(name="three"), inputs=Inputs(UID, 2, "m", "c"))

    assert failed.inventory.children.keys() >= {CHILD}
    assert names_meanwhile == ["one", "three"]
    assert desk.names() == ["three", "two"]


@pytest.mark.rule("P-22")
async def test_an_edit_whose_record_was_lost_is_undone_by_the_next_edit() -> None:
    desk = await a_desk()
    await desk.want(a_child())
    desk.store.cut()
    with pytest.raises(UnreachableError):
        await desk.want(a_child(type="NodePort"), inputs=Inputs(UID, 2, "m", "c"))
    desk.store.mend()

    await desk.want(a_child(), inputs=Inputs(UID, 3, "m", "c"))

    assert desk.cluster.all(SERVICES)[0]["spec"] == a_child()["spec"]


async def test_a_write_that_changed_nothing_is_recorded_and_not_told() -> None:
    desk = await a_desk()
    await desk.want(a_child())
    desk.cluster.edit(CHILD, lambda live: live["metadata"].update(labels={"of": "somebody"}), manager="kubectl")
    desk.view.was_written(desk.cluster.all(SERVICES)[0])

    result = await desk.want(a_child())
    desk.cluster.requests.clear()
    await desk.want(a_child())

    assert result.written is not None
    assert result.written.unchanged == {CHILD}
    assert [each.message for each in desk.told.decisions] == ["created Service one"]
    assert desk.cluster.requests == []


async def test_a_deletion_that_failed_is_tried_again() -> None:
    desk = await a_desk()
    await desk.want(a_child(), a_child(name="two"))
    desk.view = a_view()  # a new owner, whose events are late
    desk.cluster.intercept = lambda request: Refuse(UnreachableError("away")) if request.verb == "delete" else None
    failed = await desk.want(a_child(), inputs=Inputs(UID, 2, "m", "c"))
    desk.cluster.intercept = lambda request: None

    await desk.want(a_child(), inputs=Inputs(UID, 2, "m", "c"))

    assert failed.written is not None
    assert failed.written.error is not None
    assert desk.names() == ["one"]


async def test_a_lost_claim_stops_writing() -> None:
    desk = await a_desk()
    desk.fence.is_ended = True

    with pytest.raises(LeaseLostError):
        (await desk.want(a_child())).raise_error()

    assert desk.names() == []


class EndOfProcess(BaseException):
    """What is no failure of a write."""


async def test_what_ends_the_process_is_no_failed_write() -> None:
    desk = await a_desk()

    def end(request: Request) -> Fault | None:
        raise EndOfProcess

    desk.cluster.intercept = end

    with pytest.raises(EndOfProcess):
        await desk.want(a_child())


@pytest.mark.rule("OB-01")
async def test_no_more_than_a_few_writes_run_at_once() -> None:
    desk = await a_desk()
    desk.cluster.intercept = lambda request: Delay(timedelta(seconds=1))
    clock = desk.cluster.clock
    assert isinstance(clock, FakeClock)

    writing = asyncio.ensure_future(desk.want(*(a_child(name=f"service-{number}") for number in range(20))))
    await clock.advance(timedelta(seconds=0.5))
    at_once = len(desk.cluster.requests)
    await clock.advance(timedelta(seconds=5))
    await writing

    assert at_once == PARALLEL_WRITES
    assert len(desk.names()) == 20


async def test_what_is_kept_is_not_recorded_as_done() -> None:
    desk = await a_desk()
    await desk.want(a_child(), a_child(name="two"))

    result = await desk.want(a_child(), inputs=Inputs(UID, 2, "m", "c"), keeps=True)

    assert desk.names() == ["one", "two"]
    assert {ref.name for ref in result.inventory.children} == {"one", "two"}
    assert result.inventory.inputs is None


async def test_what_another_owner_controls_is_left_and_not_called_done() -> None:
    desk = await a_desk()
    answer = desk.cluster.put(a_child(owner="another"))
    desk.view = a_view([answer])

    result = await desk.want(a_child())

    assert result.plan is not None
    assert result.plan.foreign == (Ref(SERVICES, "default", "one"),)
    assert result.inventory.inputs is None
    assert desk.cluster.writes == ()
    view: View = desk.view
    assert view.get(Ref(SERVICES, "default", "one")) is not None
