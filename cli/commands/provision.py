"""`dynamoctl provision`: what must stand before the services start, in any cluster and on any NATS server.

Separate from `up`, which calls it for a stack, because an own cluster and the containers need it alone. Invariant: it
may run at any time and as often as one likes; what the services have written since is left as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cli.failures import Exit
from cli.files import base_objects, crd_files, documents
from cli.printing import notes
from cli.targets import ContextOption, InstallOption, KubeconfigOption, NameOption, NatsOption, Target, find_target
from shared.contracts.streams import stream_specs
from shared.core.errors import TemporaryError
from shared.core.json import Manifest, items, mapping, text
from shared.core.resources import VALIDATING_WEBHOOKS, Ref
from shared.ports.cluster import Cluster

HELP = """Put the CRDs and base objects into a cluster, and make the streams on a NATS server.

With --kubeconfig only the cluster is asked, with --nats only NATS; for a local stack both are done.

Example: dynamoctl provision --wait 30
"""

MANAGER = "dynamoctl"
PAUSE = 0.2  # seconds between two attempts


def provision(
    webhook: Annotated[
        bool, typer.Option("--webhook/--no-webhook", help="Whether to register the admission webhook.")
    ] = True,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for a server that is not there.")] = 10,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    nats: NatsOption = "",
    install: InstallOption = "",
) -> int:
    """Provision the servers that the options name, else those of a stack."""
    target = find_target(name, kubeconfig=kubeconfig, context=context, nats=nats, install=install)
    if target.stack is not None or kubeconfig is not None:
        asyncio.run(provision_cluster(target, with_webhook=webhook, patience=wait))
        notes().print("cluster      CRDs and base objects applied", markup=False)
    if target.stack is not None or nats:
        asyncio.run(_provision_streams(target, patience=wait))
        notes().print("nats         streams in place", markup=False)
    return Exit.DONE


async def provision_cluster(target: Target, *, with_webhook: bool = True, patience: float = 10) -> None:
    """Apply the CRDs and what stands in the cluster before the first graph."""
    manifests = [*_definitions(crd_files()), *base_objects()]
    async with target.cluster() as cluster:
        for manifest in manifests:
            if with_webhook or not _registers_webhooks(manifest):
                await _apply(cluster, manifest, patience)


async def _provision_streams(target: Target, *, patience: float) -> None:
    async with asyncio.timeout(patience + 10), target.bus() as bus:
        await bus.provision(stream_specs(), install=target.settings.install)


async def _apply(cluster: Cluster, manifest: Manifest, patience: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while True:
        try:
            if _registers_webhooks(manifest):
                live = await cluster.get(Ref(VALIDATING_WEBHOOKS, "", manifest["metadata"]["name"]))
                manifest = without_known_addresses(manifest, live or {})
            await cluster.apply(manifest, manager=MANAGER)
        except TemporaryError:
            if loop.time() > end:
                raise
            await asyncio.sleep(PAUSE)
        else:
            return


def without_known_addresses(manifest: Manifest, live: Manifest) -> Manifest:
    """Leave out the address of each webhook that has put in its own: an entry may not hold two."""
    addressed = {text(entry, "name") for entry in items(live, "webhooks") if text(entry, "clientConfig", "url")}
    if not addressed:
        return manifest
    entries = [
        {key: value for key, value in mapping(entry).items() if key != "clientConfig" or entry["name"] not in addressed}
        for entry in manifest["webhooks"]
    ]
    return {**manifest, "webhooks": entries}


def _registers_webhooks(manifest: Manifest) -> bool:
    return bool(manifest["kind"] == VALIDATING_WEBHOOKS.kind)


def _definitions(paths: Iterable[Path]) -> list[Manifest]:
    return [document for path in paths for document in documents(path)]
