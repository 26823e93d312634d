"""Where a command finds its servers: a local stack, found by itself, or any cluster by options.

Every command takes the same options. What is not given comes from the stack; with all addresses given no stack is
needed. The adapters are imported when one is opened: they cost a second, and most commands need one of them or none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.failures import CommandError, Exit
from lab.launcher.stacks import Stack, list_stacks, read_stack
from shared.ports.bus import Bus
from shared.ports.cluster import Cluster
from shared.ports.store import Store
from shared.runtime.settings import ServiceSettings

NameOption = Annotated[str, typer.Option("--name", help="The local stack to ask; the only one if there is one.")]
KubeconfigOption = Annotated[Path | None, typer.Option("--kubeconfig", help="Ask this cluster instead of a stack.")]
ContextOption = Annotated[str, typer.Option("--context", help="Context of the kubeconfig.")]
NatsOption = Annotated[str, typer.Option("--nats", help="NATS servers, separated by commas.")]
EtcdOption = Annotated[str, typer.Option("--etcd", help="etcd endpoints, separated by commas.")]
InstallOption = Annotated[str, typer.Option("--install", help="Name of the installation in NATS and etcd.")]

DEFAULT_STACK = "default"


@dataclass(frozen=True, slots=True)
class Target:
    """The servers that a command asks."""

    settings: ServiceSettings
    stack: Stack | None

    @asynccontextmanager
    async def cluster(self) -> AsyncIterator[Cluster]:
        """Open the Kubernetes API."""
        from shared.assembly.connections import cluster_of

        async with cluster_of(self.settings, service="ctl") as cluster:
            yield cluster

    @asynccontextmanager
    async def bus(self) -> AsyncIterator[Bus]:
        """Open the event log, and the questions to its services."""
        from shared.assembly.connections import bus_of

        async with bus_of(self.settings, service="ctl") as bus:
            yield bus

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Open the ownership store."""
        from shared.assembly.connections import store_of

        async with store_of(self.settings, service="ctl") as store:
            yield store


def find_target(
    name: str = "",
    *,
    kubeconfig: Path | None = None,
    context: str = "",
    nats: str = "",
    etcd: str = "",
    install: str = "",
) -> Target:
    """Return what a command talks to; raise CommandError when neither a stack nor addresses tell."""
    given: dict[str, object] = {}
    if kubeconfig is not None:
        given["kubeconfig"] = kubeconfig
    if context:
        given["context"] = context
    if nats:
        given["nats_url"] = nats
    if etcd:
        given["etcd_endpoints"] = etcd
    stack = None if kubeconfig is not None or nats or etcd else find_stack(name)
    if stack is not None:
        given |= {
            "kubeconfig": Path(stack.kubeconfig),
            "nats_url": stack.nats_url,
            "etcd_endpoints": stack.etcd_endpoints,
            "install": stack.name,
        }
    if install:
        given["install"] = install
    return Target(ServiceSettings.model_validate(given), stack)


def find_stack(name: str = "") -> Stack:
    """Return a running stack: the named one, else the only one, else the default one."""
    running = [stack for stack in list_stacks() if stack.is_running]
    if name:
        stack = read_stack(name)
        if stack is None or not stack.is_running:
            raise CommandError(f"no stack {name!r} is running: start it with dynamoctl up --name {name}", _NOTHING)
        return stack
    if len(running) > 1 and DEFAULT_STACK not in {stack.name for stack in running}:
        names = ", ".join(stack.name for stack in running)
        raise CommandError(f"several stacks are running ({names}): choose one with --name", Exit.USAGE)
    chosen = next((stack for stack in running if stack.name == DEFAULT_STACK), None) or next(iter(running), None)
    if chosen is None:
        raise CommandError(
            "no stack is running: start one with dynamoctl up, or name a cluster with --kubeconfig, --nats and --etcd",
            _NOTHING,
        )
    return chosen


_NOTHING = Exit.NOTHING_FOUND
