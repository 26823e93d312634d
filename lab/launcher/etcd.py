"""Decides how the etcd server of a stack is started and how its port is learnt.

Separate because only this module knows etcd's command line and log. Invariants: everything binds the loopback address;
a server that stands alone has a peer port that nobody ever dials; a restart keeps client port and data.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from lab.launcher.binaries import etcd_binary
from lab.launcher.processes import ManagedProcess, port_answers
from lab.launcher.servers import START_DEADLINE, Server

ANY_PORT = "http://127.0.0.1:0"
SERVING_MESSAGE = "serving client traffic"


@dataclass(frozen=True, slots=True)
class EtcdOptions:
    """What differs between one etcd server and the next."""

    port: int = 0
    syncs_to_disk: bool = True  # kill -9 of the server loses nothing without it, a power failure may
    arguments: tuple[str, ...] = ()


class EtcdServer(Server):
    """An etcd server that stands alone."""

    name = "etcd"

    def __init__(
        self,
        folder: Path,
        options: EtcdOptions | None = None,
        *,
        log_file: Path | None = None,
    ) -> None:
        super().__init__(folder, log_file=log_file)
        self.options = options or EtcdOptions()
        self.port = self.options.port
        self._log_offset = 0

    @property
    def version(self) -> str:
        """The version of the server program."""
        return etcd_binary().version

    @property
    def endpoint(self) -> str:
        """The address for clients, as `host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address for clients that want a scheme."""
        return f"http://{self.endpoint}"

    def _command(self) -> tuple[str, ...]:
        self._log_offset = self.log_file.stat().st_size if self.log_file.exists() else 0
        client_url = f"http://127.0.0.1:{self.port}"
        durability = () if self.options.syncs_to_disk else ("--unsafe-no-fsync",)
        return (
            str(etcd_binary().path),
            f"--data-dir={self.data_folder}",
            f"--listen-client-urls={client_url}",
            f"--advertise-client-urls={client_url}",
            "--log-outputs=stderr",
            *self._peers_arguments(),
            *durability,
            *self.options.arguments,
        )

    def _peers_arguments(self) -> tuple[str, ...]:
        """Return the options that name the members; here there is one."""
        return (
            "--name=dynamo",
            f"--listen-peer-urls={ANY_PORT}",
            f"--initial-advertise-peer-urls={ANY_PORT}",
            f"--initial-cluster=dynamo={ANY_PORT}",
            "--enable-grpc-gateway=false",  # it would dial the advertised port, which is 0 at the first start
            "--heartbeat-interval=20",  # a lone member elects itself; the defaults only make the start slow
            "--election-timeout=200",
        )

    def _await_ready(self, process: ManagedProcess) -> None:
        process.wait_until(self._learn_port, deadline=START_DEADLINE, goal="reported its port")
        process.wait_until(lambda: port_answers(self.port), deadline=START_DEADLINE, goal="accepted connections")

    def _learn_port(self) -> bool:
        with self.log_file.open("rb") as log:
            log.seek(self._log_offset)
            port = serving_port(log.read().decode(errors="replace"))
        if port is None:
            return False
        self.port = port
        return True


def serving_port(log: str) -> int | None:
    """Return the client port that etcd's log reports, or nothing while it does not serve."""
    for line in log.splitlines():
        if SERVING_MESSAGE not in line:
            continue
        try:
            address = str(json.loads(line)["address"])
        except (ValueError, KeyError):  # a line still being written
            return None
        return int(address.rpartition(":")[2])
    return None
