"""Fixtures that start real servers: one of each for the whole run, and as many of one's own as a test wants to crash.

Synchronous and started on first use, so that a run of unit tests starts nothing. A test on a shared server keeps to
names of its own (subject prefix, key prefix, namespace) and never stops it. Clusters are always processes from wheels:
no engine pauses, wipes and adds members alike.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from lab.launcher.etcd import EtcdOptions
from lab.launcher.etcd_clusters import EtcdCluster
from lab.launcher.nats_clusters import NatsCluster
from tests.servers.choice import UnknownServersError, chosen_servers, headline
from tests.servers.interface import ApiTestServer, CrashableServer, EtcdTestServer, NatsTestServer


@pytest.hookimpl(trylast=True)
def pytest_report_header() -> str:
    """Say how the servers are run."""
    try:
        return headline(chosen_servers())
    except UnknownServersError as error:
        raise pytest.UsageError(str(error)) from error


class StartNats(Protocol):
    """Starts one more NATS server, which ends with the test."""

    def __call__(self, *, extra_configuration: str = "") -> NatsTestServer: ...


class StartApi(Protocol):
    """Starts one more Kubernetes API, which ends with the test."""

    def __call__(self, *arguments: str) -> ApiTestServer: ...


StartEtcd = Callable[[], EtcdTestServer]


AnyServer = TypeVar("AnyServer", bound=CrashableServer)


def _started(stack: ExitStack, server: AnyServer) -> AnyServer:
    stack.callback(server.stop)
    server.start()
    return server


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsTestServer]:
    """The NATS server that all tests share."""
    with ExitStack() as stack:
        yield _started(stack, chosen_servers().nats(tmp_path_factory.mktemp("nats")))


@pytest.fixture(scope="session")
def etcd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdTestServer]:
    """The etcd server that all tests share."""
    with ExitStack() as stack:
        yield _started(stack, chosen_servers().etcd(tmp_path_factory.mktemp("etcd")))


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiTestServer]:
    """The Kubernetes API that all tests share."""
    with ExitStack() as stack:
        yield _started(stack, chosen_servers().api(tmp_path_factory.mktemp("apiserver")))


@pytest.fixture(scope="session")
def nats_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three NATS servers that tests share and crash; whoever does gives them back whole."""
    with NatsCluster(tmp_path_factory.mktemp("nats-cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def etcd_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdCluster]:
    """Three etcd members that tests share and crash; whoever does gives them back whole."""
    with EtcdCluster(tmp_path_factory.mktemp("etcd-cluster"), EtcdOptions(syncs_to_disk=False)) as cluster:
        yield cluster


@pytest.fixture
def start_nats(tmp_path: Path) -> Iterator[StartNats]:
    """Start NATS servers of one's own."""
    numbers = count()
    with ExitStack() as stack:

        def start(*, extra_configuration: str = "") -> NatsTestServer:
            folder = tmp_path / f"nats-{next(numbers)}"
            return _started(stack, chosen_servers().nats(folder, extra_configuration=extra_configuration))

        yield start


@pytest.fixture
def start_etcd(tmp_path: Path) -> Iterator[StartEtcd]:
    """Start etcd servers of one's own."""
    numbers = count()
    with ExitStack() as stack:

        def start() -> EtcdTestServer:
            return _started(stack, chosen_servers().etcd(tmp_path / f"etcd-{next(numbers)}"))

        yield start


@pytest.fixture
def start_api(tmp_path: Path) -> Iterator[StartApi]:
    """Start Kubernetes API servers of one's own; arguments are those of `python -m lab.apiserver`."""
    numbers = count()
    with ExitStack() as stack:

        def start(*arguments: str) -> ApiTestServer:
            folder = tmp_path / f"apiserver-{next(numbers)}"
            return _started(stack, chosen_servers().api(folder, arguments=arguments))

        yield start
