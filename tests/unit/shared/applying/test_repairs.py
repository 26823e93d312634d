"""Repairs of a child that somebody keeps changing: two at once, further ones with growing pauses, and who it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.applying.inventories import Inputs
from shared.applying.repairs import FIRST_PAUSE, LONGEST_PAUSE, NOBODY, WINDOW, Repairs, other_manager
from shared.core.errors import ContestedError, UnreachableError
from shared.core.json import Manifest
from shared.core.resources import SERVICES, Ref
from shared.testing.clock import FakeClock
from shared.testing.cluster_faults import Refuse
from tests.unit.shared.applying.test_children import CHILD, Desk, a_desk
from tests.unit.shared.applying.worlds import UID, a_child, a_view

pytestmark = pytest.mark.asyncio

OTHER = Ref(SERVICES, "default", "two")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def repaired(*times: float, then: float) -> timedelta:
    """Return how long a child has to wait that was repaired at some times."""
    clock = FakeClock()
    repairs = Repairs(clock)
    now = 0.0
    for time in times:
        await clock.advance(seconds(time - now))
        now = time
        repairs.took_place(CHILD)
    await clock.advance(seconds(then - now))
    assert repairs.pause(OTHER) == seconds(0)
    return repairs.pause(CHILD)


@pytest.mark.parametrize(
    ("times", "then", "pause"),
    [
        pytest.param((), 0, 0, id="never repaired"),
        pytest.param((0,), 1, 0, id="the second"),
        pytest.param((0, 1), 2, 29, id="the third within a minute"),
        pytest.param((0, 1), 31, 0, id="the third after its pause"),
        pytest.param((0, 1, 31), 32, 59, id="the fourth waits twice as long"),
        pytest.param((0, 1, 31, 91), 92, 119, id="the fifth four times"),
        pytest.param((0, 100), 101, 0, id="one now and then"),
        pytest.param((0, 1), 200, 0, id="after a long time without"),
        pytest.param((0, 1, 31, 600, 601), 602, 29, id="it begins again at the beginning"),
    ],
)
async def test_the_third_repair_within_a_minute_waits(times: tuple[float, ...], then: float, pause: float) -> None:
    assert await repaired(*times, then=then) == seconds(pause)


async def test_pauses_grow_to_a_limit() -> None:
    clock = FakeClock()
    repairs = Repairs(clock)
    pauses = []
    for _ in range(9):
        await clock.advance(repairs.pause(CHILD))
        repairs.took_place(CHILD)
        pauses.append(repairs.pause(CHILD))

    assert pauses[:4] == [seconds(0), FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == LONGEST_PAUSE


async def test_a_child_that_is_gone_is_forgotten() -> None:
    repairs = Repairs(FakeClock())
    repairs.took_place(CHILD)
    repairs.took_place(CHILD)

    repairs.forget(CHILD)

    assert repairs.pause(CHILD) == seconds(0)


async def test_what_was_repaired_long_ago_takes_no_memory() -> None:
    clock = FakeClock()
    repairs = Repairs(clock)
    for number in range(20):
        repairs.took_place(Ref(SERVICES, "default", f"gone-{number}"))
    repairs.took_place(CHILD)
    repairs.took_place(CHILD)
    before = len(repairs._records)

    await clock.advance(LONGEST_PAUSE + 2 * WINDOW)
    repairs.took_place(OTHER)

    assert (before, len(repairs._records)) == (21, 1)


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        pytest.param([("dynamo-reconciler-children", "3", "")], NOBODY, id="ourselves"),
        pytest.param([("old", "1", ""), ("new", "2", "")], "new", id="the last"),
        pytest.param([("kubectl", "1", ""), ("kube-controller-manager", "2", "status")], "kubectl", id="not a status"),
        pytest.param([], NOBODY, id="nobody"),
    ],
)
async def test_the_other_one_is_who_wrote_last(entries: list[tuple[str, str, str]], named: str) -> None:
    fields = [{"manager": manager, "time": time, "subresource": part} for manager, time, part in entries]

    assert other_manager({"metadata": {"managedFields": fields}}) == named
    assert other_manager(None) == NOBODY


# On whole passes


def contested(desk: Desk) -> Desk:
    """Return the desk with a memory of repairs."""
    desk.children = replace(desk.children, repairs=Repairs(desk.cluster.clock))
    return desk


def meddle(desk: Desk) -> None:
    """Take a field of ours, as another controller does that wants something else."""
    desk.view.was_written(
        desk.cluster.edit(CHILD, lambda live: live["spec"].update(type="ExternalName"), manager="rival")
    )


async def fight(desk: Desk, wanted: Manifest, rounds: int) -> None:
    """Have a child changed and repaired some times."""
    for _ in range(rounds):
        meddle(desk)
        (await desk.want(wanted)).raise_error()


async def test_a_child_is_repaired_twice_and_then_put_off_with_the_rival_named_once() -> None:
    desk = contested(await a_desk())
    wanted = a_child(type="NodePort")
    await desk.want(wanted, a_child(name="two"))
    await fight(desk, wanted, 2)
    meddle(desk)
    desk.cluster.requests.clear()

    results = [await desk.want(wanted) for _ in range(3)]

    told = "rival keeps changing Service one: it is repaired again in 30 s"
    for result in results:
        with pytest.raises(ContestedError, match=told) as put_off:
            result.raise_error()
        assert put_off.value.after == FIRST_PAUSE
    assert [request.verb for request in desk.cluster.requests] == ["get"]
    assert [each.message for each in desk.told.decisions if each.decision == "contested"] == [told]


async def test_after_the_pause_it_is_repaired_and_recorded_as_done() -> None:
    desk = contested(await a_desk())
    wanted = a_child(type="NodePort")
    await desk.want(wanted)
    await fight(desk, wanted, 2)
    meddle(desk)
    await desk.want(wanted)
    clock = desk.cluster.clock
    assert isinstance(clock, FakeClock)
    await clock.advance(FIRST_PAUSE)

    result = await desk.want(wanted)

    result.raise_error()
    assert desk.cluster.all(SERVICES)[0]["spec"] == {"type": "NodePort"}
    assert result.inventory.inputs is not None


async def test_an_edit_of_the_user_is_no_repair_and_is_written_at_once() -> None:
    desk = contested(await a_desk())
    wanted = a_child(type="NodePort")
    await desk.want(wanted)
    await fight(desk, wanted, 2)
    meddle(desk)

    (await desk.want(a_child(type="LoadBalancer"))).raise_error()

    assert desk.cluster.all(SERVICES)[0]["spec"] == {"type": "LoadBalancer"}


async def test_an_error_of_another_child_is_told_before_the_contest() -> None:
    desk = contested(await a_desk())
    wanted = a_child(type="NodePort")
    await desk.want(wanted)
    await fight(desk, wanted, 2)
    meddle(desk)
    desk.fail("two", Refuse(UnreachableError("away")))

    with pytest.raises(UnreachableError):
        (await desk.want(wanted, a_child(name="two"))).raise_error()


async def test_a_child_that_was_deleted_begins_anew() -> None:
    desk = contested(await a_desk())
    wanted = a_child(type="NodePort")
    await desk.want(wanted)
    await fight(desk, wanted, 2)
    await desk.want(a_child(name="two"), inputs=Inputs(UID, 2, "m", "c"))
    desk.view = a_view()
    await desk.want(wanted)

    await fight(desk, wanted, 1)

    assert desk.cluster.all(SERVICES)[0]["spec"] == {"type": "NodePort"}
