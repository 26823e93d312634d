"""What the simulator does when it, or its API server's memory of changes, is lost."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from lab.launcher.simulator import Simulator
from lab.simulator.client.access import read_access
from lab.simulator.client.api import Api
from lab.simulator.client.resources import DEPLOYMENTS, NODES
from lab.simulator.nodes.heartbeats import LEASES
from shared.testing.eventually import eventually
from tests.integration.lab_simulator.conftest import Lab, Stack, a_deployment, comes_to_rest, says

pytestmark = pytest.mark.asyncio

WITHIN = timedelta(seconds=20)


async def ready_replicas(lab: Lab) -> int:
    return int(((await lab.deployment()).get("status") or {}).get("readyReplicas", 0))


async def test_a_simulator_that_was_killed_goes_on_where_it_was(lab: Lab) -> None:
    made = await lab.create(DEPLOYMENTS, a_deployment(2))

    async def has(replicas: int) -> bool:
        return await ready_replicas(lab) == replicas

    await eventually(lambda: has(2), within=WITHIN)
    before = {pod["metadata"]["uid"]: pod["metadata"]["resourceVersion"] for pod in await lab.pods()}
    lab.stack.simulator.kill()
    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"replicas": 3}})
    lab.stack.simulator.start()
    await eventually(lambda: has(3), within=WITHIN)

    after = {pod["metadata"]["uid"]: pod["metadata"]["resourceVersion"] for pod in await lab.pods()}
    assert before.items() <= after.items()


async def test_at_rest_nothing_is_asked(lab: Lab) -> None:
    await lab.create(DEPLOYMENTS, a_deployment(2))

    async def is_ready() -> bool:
        return await ready_replicas(lab) == 2

    await comes_to_rest(lab, is_ready)


async def test_an_api_server_that_begins_anew_gets_its_nodes_back(own_stack: Stack) -> None:
    own_stack.api_server.restart()  # in memory: it knows nothing any more, and has another certificate

    async with Api(read_access(own_stack.api_server.kubeconfig), agent="a-test") as api:
        lab = Lab(api, "default", own_stack)

        async def has_all_nodes() -> bool:
            nodes, _ = await api.list(NODES)
            return [says(node, "Ready") is not None for node in nodes] == [True] * 4

        await eventually(has_all_nodes, within=WITHIN)
        await lab.create(DEPLOYMENTS, a_deployment(1))

        async def is_ready() -> bool:
            return await ready_replicas(lab) == 1

        await eventually(is_ready, within=WITHIN)


async def test_nodes_send_heartbeats_where_a_control_plane_asks_for_them(own_stack: Stack, tmp_path: Path) -> None:
    own_stack.simulator.stop()
    beating = Simulator(tmp_path / "beating", own_stack.api_server.kubeconfig, ("--heartbeat=0.05", "--nodes=2xcpu"))

    async with Api(read_access(own_stack.api_server.kubeconfig), agent="a-test") as api:

        async def renewals() -> set[str]:
            leases, _ = await api.list(LEASES)
            return {lease["spec"]["renewTime"] for lease in leases}

        seen: set[str] = set()

        async def are_renewed() -> bool:
            seen.update(await renewals())
            return len(seen) > 12

        with ExitStack() as servers:
            servers.callback(beating.stop)
            beating.start()
            await eventually(are_renewed, within=WITHIN)
