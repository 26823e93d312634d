"""Decides how the NATS server of a stack is configured and how its ports are learnt.

Separate because only this module knows the server's configuration language and its ports file. Invariant: everything
binds the loopback address; JetStream keeps its data in the server's folder, so that a restart loses nothing.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from lab.launcher.binaries import nats_server_binary
from lab.launcher.processes import ManagedProcess, port_answers
from lab.launcher.servers import START_DEADLINE, Server

MAX_PAYLOAD = "8MB"  # design.md section 11
ANY_FREE_PORT = -1


@dataclass(frozen=True, slots=True)
class NatsOptions:
    """What differs between one NATS server and the next."""

    sync_interval: timedelta = timedelta(seconds=1)
    extra_configuration: str = ""  # appended as it is, such as an `authorization` block
    port: int = ANY_FREE_PORT
    store_bytes: int = 0  # room for streams; 0 is what the server thinks right for the disk


class NatsServer(Server):
    """A NATS server with JetStream on file storage."""

    name = "nats-server"
    server_name = "dynamo"

    def __init__(
        self,
        folder: Path,
        options: NatsOptions | None = None,
        *,
        log_file: Path | None = None,
    ) -> None:
        super().__init__(folder, log_file=log_file)
        self.options = options or NatsOptions()
        self.port = self.options.port
        self.monitoring_port = ANY_FREE_PORT

    @property
    def version(self) -> str:
        """The version of the server program."""
        return nats_server_binary().version

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitoring_url(self) -> str:
        """The address of the server's own statistics (`/varz`, `/jsz`)."""
        return f"http://127.0.0.1:{self.monitoring_port}"

    def _command(self) -> tuple[str, ...]:
        configuration = self.folder / "nats-server.conf"
        configuration.write_text(self._configuration())
        self._ports_folder.mkdir(exist_ok=True)
        for stale in self._ports_folder.glob("*.ports"):
            stale.unlink()
        return (
            str(nats_server_binary().path),
            "--config",
            str(configuration),
            "--ports_file_dir",
            str(self._ports_folder),
        )

    def _await_ready(self, process: ManagedProcess) -> None:
        process.wait_until(self._learn_ports, deadline=START_DEADLINE, goal="reported its ports")
        process.wait_until(lambda: port_answers(self.port), deadline=START_DEADLINE, goal="accepted connections")

    def _learn_ports(self) -> bool:
        for file in self._ports_folder.glob("*.ports"):
            with suppress(json.JSONDecodeError):  # still being written
                ports = json.loads(file.read_text())
                self.port = _port(ports["nats"][0])
                self.monitoring_port = _port(ports["monitoring"][0])
                return True
        return False

    def _configuration(self) -> str:
        quoted_folder = json.dumps(str(self.data_folder))
        milliseconds = int(self.options.sync_interval.total_seconds() * 1000)
        store = f"store_dir: {quoted_folder}" + (
            f", max_file_store: {self.options.store_bytes}" if self.options.store_bytes else ""
        )
        return "\n".join(
            [
                f'server_name: "{self.server_name}"',
                'host: "127.0.0.1"',
                f"port: {self.port}",
                f'http: "127.0.0.1:{self.monitoring_port}"',
                f"max_payload: {MAX_PAYLOAD}",
                f'jetstream {{ {store}, sync_interval: "{milliseconds}ms" }}',
                self._peers_configuration(),
                self.options.extra_configuration,
                "",
            ]
        )

    def _peers_configuration(self) -> str:
        """Return the part that names the other servers of a cluster; nothing for a server that stands alone."""
        return ""

    @property
    def _ports_folder(self) -> Path:
        return self.folder / "ports"


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None, url
    return port
