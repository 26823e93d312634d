"""The clusters that the folder shares; each test gets them whole and may do to them what it likes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.launcher.clusters import Cluster
from lab.launcher.etcd_clusters import EtcdCluster, EtcdMember
from lab.launcher.nats_clusters import NatsCluster, NatsMember
from tests.integration.rooms import DEFINITIONS
from tests.servers.choice import chosen_servers


@pytest.fixture
def nats(nats_cluster: NatsCluster) -> Iterator[NatsCluster]:
    """Three NATS servers, whole before and after the test."""
    nats_cluster.wait_until_whole()
    yield nats_cluster
    give_back(nats_cluster)


@pytest.fixture
def etcd(etcd_cluster: EtcdCluster) -> Iterator[EtcdCluster]:
    """Three etcd members, whole before and after the test."""
    etcd_cluster.wait_until_whole()
    yield etcd_cluster
    give_back(etcd_cluster)


def give_back(cluster: Cluster[NatsMember] | Cluster[EtcdMember]) -> None:
    """Bring back what a test has left paused or down."""
    for member in cluster.members:
        if member.is_running:
            member.resume()
    cluster.start()
    cluster.wait_until_whole()


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a Kubernetes API that serves the platform's kinds."""
    api = chosen_servers().api(tmp_path_factory.mktemp("apiserver"), arguments=("--crd", str(DEFINITIONS)))
    try:
        api.start()
        yield api.kubeconfig
    finally:
        api.stop()
