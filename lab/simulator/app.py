"""Connects the parts of the simulator and runs them until the process is asked to end.

Invariant: no decision is made before every cache holds a complete list, and the ready file is written only when all
nodes exist.
"""

import asyncio
import gc
import os
import signal
from pathlib import Path

from lab.simulator.client.access import AccessError, KubeconfigFile
from lab.simulator.client.api import Api
from lab.simulator.controllers.add_ons import Grove, LeaderWorkerSets
from lab.simulator.controllers.batch import Batch
from lab.simulator.controllers.workloads import Workloads
from lab.simulator.logs import configure, log
from lab.simulator.nodes.faults import FaultError
from lab.simulator.nodes.fleet import Fleet
from lab.simulator.nodes.heartbeats import Heartbeats
from lab.simulator.nodes.kubelet import Kubelet
from lab.simulator.nodes.nodes import Nodes
from lab.simulator.nodes.script import Script
from lab.simulator.nodes.shapes import node_documents
from lab.simulator.settings import Settings, settings
from lab.simulator.world import World

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
STOPPED_BY_USER = 130
# Objects of the cluster are trees: looking through all of them for cycles is rarely worth its time.
COLLECT_AFTER = (20_000, 20, 20)


def main() -> int:
    """Run as the command line asks and return the exit code."""
    given = settings()
    configure(given.log_level)
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        asyncio.run(_until_terminated(given))
    except (AccessError, FaultError) as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        return STOPPED_BY_USER
    return 0


async def simulate(given: Settings) -> None:
    """Simulate for ever."""
    kubeconfig = await _kubeconfig(given)
    async with Api(kubeconfig.read(), read_again=kubeconfig.read_if_changed) as api:
        world = World(api)
        script = Script(given.faults)
        fleet = Fleet(world, script, documents=node_documents(given.nodes), speed=given.delays.speed)
        kubelet = Kubelet(world, script, delays=given.delays, seed=given.seed)
        nodes = Nodes(world, script, fleet=fleet, kubelet=kubelet, has_scheduler=given.has_scheduler)
        controllers = list(nodes.controllers)
        if given.has_controllers:
            controllers += Workloads(world, given.delays, seed=given.seed).controllers
            controllers += Batch(world, given.delays, seed=given.seed).controllers
            controllers += LeaderWorkerSets(world, given.delays).controllers
            controllers += Grove(world, given.delays, seed=given.seed).controllers
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, nodes.reload)
        async with asyncio.TaskGroup() as group:
            informers = world.informers(with_controllers=given.has_controllers)
            for informer in informers:
                group.create_task(informer.run())
            for informer in informers:
                await informer.synced.wait()
            add_ons = world.add_ons()
            for add_on in add_ons:
                group.create_task(add_on.run())
            for add_on in add_ons:
                await add_on.synced()
            for controller in controllers:
                group.create_task(controller.run())
            nodes.begin()
            if given.heartbeat is not None:
                group.create_task(Heartbeats(world, script, interval=given.heartbeat).run())
            await fleet.complete.wait()
            log.info("ready nodes=%d", len(world.nodes))
            if given.ready_file is not None:
                _write_at_once(given.ready_file, f"{os.getpid()}\n")


async def _until_terminated(given: Settings) -> None:
    async with asyncio.TaskGroup() as group:
        simulation = group.create_task(simulate(given))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, simulation.cancel)


async def _kubeconfig(given: Settings) -> KubeconfigFile:
    pause = FIRST_PAUSE
    while not given.kubeconfig.exists():
        log.info("waiting for the kubeconfig file=%s", given.kubeconfig)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return KubeconfigFile(given.kubeconfig, given.context)


def _write_at_once(file: Path, text: str) -> None:
    """Write a file that nobody ever sees half written."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(text)
    partial.replace(file)
