"""What a test may do with a server, whatever runs it.

Invariant: a server keeps its address and its data over kill and start; `wipe` needs a server that is down.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class CrashableServer(Protocol):
    """A server that a test may crash."""

    @property
    def version(self) -> str:
        """The version of the server."""

    def start(self) -> None:
        """Start, or start again on the same address and data."""

    def stop(self) -> None:
        """Stop in order."""

    def kill(self) -> None:
        """Crash (kill -9)."""

    def restart(self) -> None:
        """Crash and start again."""

    def pause(self) -> None:
        """Freeze: connections stay open, nothing answers."""

    def resume(self) -> None:
        """Go on after a pause."""

    def wipe(self) -> None:
        """Lose the data while down."""


class NatsTestServer(CrashableServer, Protocol):
    """A NATS server with JetStream."""

    @property
    def url(self) -> str:
        """The address for clients, `nats://host:port`."""

    @property
    def monitoring_url(self) -> str:
        """The address of the server's statistics."""


class EtcdTestServer(CrashableServer, Protocol):
    """An etcd server."""

    @property
    def endpoint(self) -> str:
        """The address for clients, `host:port`."""


class ApiTestServer(CrashableServer, Protocol):
    """A served Kubernetes API."""

    @property
    def kubeconfig(self) -> Path:
        """The file that says where it is and who may ask."""


class Servers(Protocol):
    """One way to run servers; what it makes is not started yet."""

    @property
    def name(self) -> str:
        """How the servers are run, as in DYNAMO_TEST_SERVERS."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The version of each server."""

    def nats(self, folder: Path, *, extra_configuration: str = "") -> NatsTestServer:
        """Return a NATS server that keeps its data in `folder`."""

    def etcd(self, folder: Path) -> EtcdTestServer:
        """Return an etcd server that keeps its data in `folder`."""

    def api(self, folder: Path, *, arguments: tuple[str, ...] = ()) -> ApiTestServer:
        """Return a Kubernetes API; `arguments` mean something to the lab's only."""
