"""Opening the three stores from settings: the only place that knows which setting goes to which adapter option."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from importlib.metadata import version

from prometheus_client import Counter, Histogram

from shared.bus.event_log import NatsEventLog
from shared.bus.event_log import connect as connect_bus
from shared.bus.options import NatsOptions
from shared.contracts.etcd_keys import EtcdKeys
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.kube.informers import InformerOptions
from shared.kube.transport import Observer
from shared.runtime import metrics
from shared.runtime.clock import SystemClock
from shared.runtime.health import Readiness
from shared.runtime.partitions.claims.fences import write_deadline
from shared.runtime.settings import ServiceSettings
from shared.store.etcd_store import EtcdStore
from shared.store.etcd_store import connect as connect_store
from shared.store.options import EtcdOptions

CLOCK = SystemClock()
KUBERNETES = "kubernetes"  # the readiness check of the API server


def bus_of(settings: ServiceSettings, *, service: str) -> AbstractAsyncContextManager[NatsEventLog]:
    """Open the event log; waits for as long as no server is there."""
    options = NatsOptions(
        servers=settings.nats_url,
        name=f"dynamo-{service}",
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
        credentials=settings.nats_creds,
        certificate_authority=settings.nats_ca,
        client_certificate=settings.nats_cert,
        client_key=settings.nats_key,
        replicas=settings.nats_replicas,
    )

    def count(kind: str) -> None:
        metrics.BUS_ERRORS.labels(service, kind).inc()

    return connect_bus(options, count_error=count, observe=_timed(metrics.BUS_SECONDS, service))


def store_of(settings: ServiceSettings, *, service: str) -> AbstractAsyncContextManager[EtcdStore]:
    """Open the ownership store; waits for as long as no server is there."""
    options = EtcdOptions(
        endpoints=settings.etcd_endpoints,
        user=settings.etcd_user,
        password=settings.etcd_password.get_secret_value(),
        certificate_authority=settings.etcd_ca,
        client_certificate=settings.etcd_cert,
        client_key=settings.etcd_key,
    )
    return connect_store(
        options,
        CLOCK,
        incarnation_key=EtcdKeys(settings.install).incarnation,
        observe=_timed(metrics.STORE_SECONDS, service),
    )


def _timed(histogram: Histogram, service: str) -> Callable[[str, float], None]:
    """Return what puts the time of an operation into a histogram; the series are found once, not at each call."""

    @cache
    def series(operation: str) -> Histogram:
        return histogram.labels(service, operation)

    return lambda operation, seconds: series(operation).observe(seconds)


@asynccontextmanager
async def cluster_of(
    settings: ServiceSettings, *, service: str, member: str = "", readiness: Readiness | None = None
) -> AsyncIterator[KubeCluster]:
    """Open the session to the Kubernetes API; nothing is asked before the first call.

    The server hears which replica asks, for its audit log. With a readiness, its check `kubernetes` says while the
    server is away that it is.
    """
    options = KubeOptions(
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        user_agent=f"dynamo-{service}/{version('dynamo-platform')}" + (f" ({member})" if member else ""),
        deadline=settings.cluster_timeout,
        write_deadline=min(settings.cluster_timeout, write_deadline(settings.claim_ttl)),
        connections=settings.cluster_connections,
        informer=InformerOptions(silence=settings.watch_silence),
    )
    async with open_cluster(options, CLOCK, _Counted(service, readiness)) as cluster:
        yield cluster


class _Counted(Observer):
    """Counts the requests of one service, and tells its readiness whether the server is there."""

    def __init__(self, service: str, readiness: Readiness | None) -> None:
        self._service = service
        self._readiness = readiness

    def requested(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Take in one finished request."""
        requests, duration = _counters(self._service, verb, resource, code)
        requests.inc()
        duration.observe(seconds)

    def watch_restarted(self, resource: str, reason: str) -> None:
        """Take in the end of one watch."""
        metrics.WATCH_RESTARTS.labels(self._service, resource, reason).inc()

    def went_away(self, reason: str) -> None:
        """Take in that no connection to the server can be made."""
        if self._readiness is not None:
            self._readiness.wait(KUBERNETES, reason)

    def came_back(self) -> None:
        """Take in that the server answers again."""
        if self._readiness is not None:
            self._readiness.clear(KUBERNETES)


@cache
def _counters(service: str, verb: str, resource: str, code: int) -> tuple[Counter, Histogram]:
    requests = metrics.CLUSTER_REQUESTS.labels(service, verb, resource, str(code))
    return requests, metrics.CLUSTER_REQUEST_SECONDS.labels(service, verb, resource)
