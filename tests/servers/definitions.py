"""Which containers stand for which server: image, version, command and ports, as data.

Separate from starting them, so that a test without a container engine can build each definition and compare it with
docker-compose.yml. Invariant: importing this module needs neither an engine nor testcontainers.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

NATS_CLIENT_PORT: Final = 4222
NATS_MONITORING_PORT: Final = 8222
ETCD_CLIENT_PORT: Final = 2379
KUBERNETES_PORT: Final = 6443


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """What an engine needs to know of one server."""

    image: str
    version: str
    command: tuple[str, ...]
    ports: tuple[int, ...]
    environment: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reference(self) -> str:
        """The image with its tag."""
        return f"{self.image}:{self.version}"


NATS: Final = ContainerDefinition(
    image="nats",
    version="2.12-alpine",
    command=("--jetstream", "--store_dir=/data", f"--http_port={NATS_MONITORING_PORT}"),
    ports=(NATS_CLIENT_PORT, NATS_MONITORING_PORT),
)
ETCD: Final = ContainerDefinition(
    image="gcr.io/etcd-development/etcd",
    version="v3.5.21",
    command=(
        "/usr/local/bin/etcd",
        "--data-dir=/etcd-data",
        f"--listen-client-urls=http://0.0.0.0:{ETCD_CLIENT_PORT}",
        f"--advertise-client-urls=http://0.0.0.0:{ETCD_CLIENT_PORT}",
    ),
    ports=(ETCD_CLIENT_PORT,),
)
K3S: Final = ContainerDefinition(
    image="rancher/k3s",
    version="v1.33.1-k3s1",
    command=("server", "--disable=traefik,metrics-server", "--tls-san=127.0.0.1"),
    ports=(KUBERNETES_PORT,),
)
