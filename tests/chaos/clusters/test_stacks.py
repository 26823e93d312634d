"""A whole platform on three NATS servers and three etcd members: what dies amid a roll-out leaves no trace in its end.

The services are processes, as `dynamoctl up --nats-members 3 --etcd-members 3` starts them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from lab.launcher.etcd_clusters import EtcdCluster
from lab.launcher.nats_clusters import NatsCluster
from shared.contracts.streams import CHANGES, DEAD_LETTERS
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS
from shared.ports.cluster import Selection
from shared.testing.eventually import eventually
from tests.chaos.clusters.forms import long_form
from tests.chaos.records import Drill, Measure, record
from tests.chaos.stack.differences import differences
from tests.chaos.stack.outcomes import outcome
from tests.e2e.graphs import apply_graphs, wait_until_successful
from tests.e2e.stacks import LiveStack, running_stack, state_home, stored_messages

pytestmark = long_form

GRAPHS = 10
PATIENCE = timedelta(seconds=60)
WHOLE = timedelta(seconds=30)  # design.md section 9: NATS
SETTLING = timedelta(seconds=10)
_numbers = count()


def clusters(stack: LiveStack) -> tuple[NatsCluster, EtcdCluster]:
    """Return the stack's clusters."""
    servers = stack.bringup.servers
    assert servers is not None
    assert isinstance(servers.nats, NatsCluster)
    assert isinstance(servers.etcd, EtcdCluster)
    return servers.nats, servers.etcd


def kill_stream_leader(stack: LiveStack) -> None:
    """Kill the member that answers publishes."""
    name = clusters(stack)[0].stream_leader(CHANGES).name
    stack.crash(name)


def kill_store_leader(stack: LiveStack) -> None:
    """Kill the member that answers writes of the store."""
    stack.crash(clusters(stack)[1].leader().name)


def restart_all(stack: LiveStack) -> None:
    """Restart every member of both, one after the other."""
    for cluster in clusters(stack):
        for member in cluster.members:
            stack.crash(member.name)
            stack.restart(member.name)
            cluster.wait_until_whole()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A stack of this module's own."""
    with state_home(tmp_path_factory.mktemp("state")), running_stack("clusters", members=3) as live:
        yield live


@pytest.fixture(scope="module")
def calm(stack: LiveStack) -> dict[str, Manifest]:
    """The objects at the end of a run in which nothing happened."""
    asyncio.run(roll_out(stack, "calm", lambda _: None))
    return asyncio.run(outcome(stack, "calm"))


@pytest.mark.parametrize(
    ("row", "stopped", "harm"),
    [
        pytest.param("nats cluster", "the stream's leader", kill_stream_leader, id="stream leader"),
        pytest.param("etcd cluster", "the store's leader", kill_store_leader, id="store leader"),
        pytest.param(
            "nats cluster", "all six members, killed and started one after the other", restart_all, id="rolling restart"
        ),
    ],
)
def test_what_dies_amid_a_roll_out_leaves_no_trace(
    stack: LiveStack, calm: dict[str, Manifest], row: str, stopped: str, harm: Callable[[LiveStack], None]
) -> None:
    namespace = f"harmed-{next(_numbers)}"

    took = asyncio.run(roll_out(stack, namespace, harm))
    found = asyncio.run(settled(stack, namespace, calm))
    stack.bringup.restart(*(process.name for process in stack.record.dead))
    stack.wait_until_ready()

    measure = Measure(f"from then until {GRAPHS} new graphs are successful", took, WHOLE, "design.md section 9")
    drill = Drill(row, f"{stopped}, under a whole platform", edits=(measure,), held="same objects as undisturbed")
    assert differences(found, calm) == []
    assert asyncio.run(stored_messages(stack.target, DEAD_LETTERS)) == []
    assert record(drill).missed == ()


async def roll_out(stack: LiveStack, namespace: str, harm: Callable[[LiveStack], None]) -> timedelta:
    """Roll graphs out, do harm when the first component is there, and return how long the rest took from then on."""
    async with asyncio.TaskGroup() as tasks, stack.target.cluster() as cluster:
        tasks.create_task(apply_graphs(stack, namespace, GRAPHS))

        async def has_begun() -> bool:
            return bool((await cluster.list(COMPONENTS, Selection(namespace=namespace))).items)

        await eventually(has_begun, within=PATIENCE)
        began = time.monotonic()
        await asyncio.to_thread(harm, stack)
    await wait_until_successful(stack, namespace, GRAPHS, within=PATIENCE)
    return timedelta(seconds=time.monotonic() - began)


async def settled(stack: LiveStack, namespace: str, expected: dict[str, Manifest]) -> dict[str, Manifest]:
    """Return the objects when they are as expected, or after some seconds in which they should have become so."""

    async def is_as_expected() -> bool:
        return await outcome(stack, namespace) == expected

    with suppress(TimeoutError):  # then the caller shows the difference
        await eventually(is_as_expected, within=SETTLING)
    return await outcome(stack, namespace)
