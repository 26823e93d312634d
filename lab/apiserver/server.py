"""Puts the parts together and runs them: the only place where store, controllers and the HTTP front meet.

Invariant: the port file and the kubeconfig appear after the first request can be answered; on SIGTERM everything ends
within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from lab.apiserver import bootstrap
from lab.apiserver.admission.chain import Admission
from lab.apiserver.cluster import Cluster
from lab.apiserver.discovery.pages import Pages
from lab.apiserver.front.audit import audit_log
from lab.apiserver.front.certificates import Authority, kept_authority, server_context, write_private
from lab.apiserver.front.counters import Counters
from lab.apiserver.front.door import Door
from lab.apiserver.front.kubeconfig import kubeconfig
from lab.apiserver.lifecycle.definitions import Definitions
from lab.apiserver.lifecycle.garbage import GarbageCollector
from lab.apiserver.lifecycle.namespaces import Namespaces
from lab.apiserver.quotas.controller import Quotas
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.requests.bodies import MAX_BODY
from lab.apiserver.settings import Settings
from lab.apiserver.storage.snapshots import Snapshot, write_snapshot
from lab.apiserver.storage.store import Store

log = structlog.get_logger()

NAME = "lab-apiserver"  # of the authority
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LINGER = 0.3  # seconds that open connections get at the end
# A request leaves next to no cycles behind, but makes some thousand objects: looking for cycles less often is cheaper.
_COLLECT_AFTER = (20_000, 20, 20)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    store = Store()
    cluster = Cluster(store, Catalog(), Admission(store))
    bootstrap.register_builtin(cluster)
    definitions, namespaces = Definitions(cluster), Namespaces(cluster)
    quotas = Quotas(cluster)
    garbage = GarbageCollector(cluster) if settings.garbage_collector else None
    kept = _snapshot_file(settings)
    if kept is not None and kept.exists():
        await _restore(cluster, Snapshot(kept), definitions)
    else:
        await bootstrap.create_namespaces(cluster)
        await bootstrap.create_definitions(cluster, settings.crds)
    await definitions.settle_all()
    await namespaces.settle_all()
    await quotas.settle_all()
    stop = _stop_event()
    if kept is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, write_snapshot, store, kept)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run()) for each in (definitions, namespaces, quotas)]
        if garbage is not None:
            running.append(tasks.create_task(garbage.run()))
        if settings.compaction:
            running.append(tasks.create_task(_compact(store, settings.compaction)))
        async with _listening(cluster, settings):
            _look_less_for_cycles()
            await stop.wait()
            store.end_watches()
        await cluster.admission.close()
        if kept is not None:
            write_snapshot(store, kept)
        for task in running:
            task.cancel()


def _look_less_for_cycles() -> None:
    """Leave out of every collection what was made until now: modules, schemas and definitions stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _snapshot_file(settings: Settings) -> Path | None:
    if settings.data is None:
        return None
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings.data / "cluster.json"


async def _restore(cluster: Cluster, snapshot: Snapshot, definitions: Definitions) -> None:
    snapshot.restore_definitions(cluster.store)
    await definitions.settle_all()  # serves what the objects belong to
    for document in snapshot.restore_objects(cluster.store):
        if document.get("kind") == "Service":
            cluster.addresses.hold(document)


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _compact(store: Store, seconds: float) -> None:
    """Forget history that is older than a span, as etcd does under a real API server."""
    while True:
        version = store.version
        await asyncio.sleep(seconds)
        store.compact(version)


def _make_request(message, payload, protocol: RequestHandler, writer, task) -> web.BaseRequest:  # type: ignore[no-untyped-def]  # aiohttp's own types are private
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY + 1)


@contextlib.asynccontextmanager
async def _listening(cluster: Cluster, settings: Settings) -> AsyncIterator[None]:
    authority = _authority(settings) if settings.tls else None
    context: ssl.SSLContext | None = None
    if authority is not None:
        context = server_context(authority, authority.server((*_LOOPBACK, settings.bind, *settings.advertise)))
    pages = Pages(cluster.catalog)
    with audit_log(settings.audit_log) as audit:
        door = Door(cluster, pages, Counters(), tls=settings.tls, latency=settings.latency, audit=audit)
        server = web.Server(door, request_factory=_make_request, access_log=None, keepalive_timeout=3600)
        runner = web.ServerRunner(server, shutdown_timeout=_LINGER)
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.bind, settings.port, ssl_context=context, backlog=512)
            await site.start()
            port = runner.addresses[0][1]
            _announce(settings, authority, port)
            yield
        finally:
            await runner.cleanup()


def _authority(settings: Settings) -> Authority:
    return kept_authority(NAME, settings.data / "authority.pem") if settings.data is not None else Authority(NAME)


def _announce(settings: Settings, authority: Authority | None, port: int) -> None:
    host = settings.advertise[0] if settings.advertise else settings.bind
    url = f"{'https' if authority else 'http'}://{host}:{port}"
    if settings.kubeconfig_out is not None:
        write_private(settings.kubeconfig_out, kubeconfig(url, authority))
    if settings.port_file is not None:
        write_private(settings.port_file, f"{port}\n".encode())
    print(url, flush=True)
    log.info("serving", url=url)
