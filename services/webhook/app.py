"""Puts the webhook together: TLS port, upkeep of certificates and registration, decision log.

The only file of the room where adapters meet the rest. The order of the end matters: first the replica is not ready,
then it goes on answering until the Service has forgotten it, then the port closes with open requests finished.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import timedelta

import structlog

from services.webhook.certificates.pairs import service_hosts
from services.webhook.certificates.plans import Wishes
from services.webhook.handlers import application
from services.webhook.listener import Listener
from services.webhook.registrations import Endpoint
from services.webhook.reviews.kinds import REVIEWED_KINDS
from services.webhook.settings import WebhookSettings
from services.webhook.trail import Trail
from services.webhook.upkeep import Upkeep, names
from shared.api.validation.identities import Policy
from shared.assembly.connections import CLOCK, bus_of, cluster_of
from shared.core.errors import PermanentError
from shared.kube.clusters import KubeCluster
from shared.runtime.decisions import DecisionLog, Origin
from shared.runtime.service import Service

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FLUSH = timedelta(seconds=2)  # for the decision log, when told to stop


async def app(settings: WebhookSettings, service: Service) -> None:
    """Answer admission requests until told to stop."""
    trail = Trail()
    listener = Listener(
        application(REVIEWED_KINDS, policy=policy(settings), decisions=trail),
        settings.admission_address,
        settings.admission_port,
        is_shared=settings.shared_port,
    )
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(cluster_of(settings, service=service.name))
        upkeep = _upkeep(settings, service, cluster, listener)
        stack.push_async_callback(listener.close)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        work = [
            tasks.create_task(upkeep.run(), name="upkeep"),
            tasks.create_task(_publish(settings, service, trail), name="decision log"),
        ]
        service.started()
        await service.stopping.wait()
        if not settings.reachable_at:
            await CLOCK.sleep(settings.closing_delay)
        await listener.close()
        for task in work:
            task.cancel()


def policy(settings: WebhookSettings) -> Policy:
    """Return what the settings decide about admission."""
    return Policy(principals=frozenset(settings.principals), legacy_suffix_match=settings.legacy_suffix_match)


def wishes(settings: WebhookSettings) -> Wishes:
    """Return what certificates must fulfil; the first host is the one that the API server asks for."""
    hosts = service_hosts(settings.service_name, settings.namespace, settings.cluster_domain)
    asked = settings.reachable_at or f"{settings.service_name}.{settings.namespace}.svc"
    ordered = (asked, *(host for host in hosts if host != asked))
    return Wishes(ordered, settings.certificate_validity, jitter=random.random())


def _upkeep(settings: WebhookSettings, service: Service, cluster: KubeCluster, listener: Listener) -> Upkeep:
    url = f"https://{settings.reachable_at}" if settings.reachable_at else ""
    return Upkeep(
        cluster=cluster,
        informer=cluster,
        clock=CLOCK,
        names=names(
            namespace=settings.namespace,
            secret=settings.certificate_secret,
            configuration=settings.configuration_name,
        ),
        kinds=REVIEWED_KINDS,
        wishes=wishes(settings),
        endpoint=Endpoint(settings.service_name, settings.namespace, url),
        listener=listener,
        readiness=service.readiness,
    )


async def _publish(settings: WebhookSettings, service: Service, trail: Trail) -> None:
    """Store decisions while the bus is there; admission goes on without it, whatever is wrong with it."""
    try:
        async with bus_of(settings, service=service.name) as bus:
            decisions = DecisionLog(bus, CLOCK, Origin(service.name, settings.install, service.version))
            trail.hand_over(decisions)
            try:
                await decisions.run()
            finally:
                await decisions.flush(FLUSH)
    except PermanentError as error:
        log.error("decisions are not stored", reason=str(error))
