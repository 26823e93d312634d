"""Decides how the lab's Kubernetes API server is started and how its port and kubeconfig are learnt.

Separate because only this module knows the server's command line. Invariant: the launcher imports nothing of
`lab.apiserver`; the two meet at a command line and two files.
"""

import sys
from importlib import metadata
from pathlib import Path

from lab.launcher.processes import ManagedProcess, port_answers
from lab.launcher.servers import START_DEADLINE, Server


class ApiServer(Server):
    """The lab's Kubernetes API server; `arguments` are passed on (`--crd FILE`, `--latency MS`)."""

    name = "apiserver"

    def __init__(
        self,
        folder: Path,
        arguments: tuple[str, ...] = (),
        *,
        log_file: Path | None = None,
    ) -> None:
        super().__init__(folder, log_file=log_file)
        self.arguments = arguments
        self.port = 0

    @property
    def version(self) -> str:
        """The version of this project: the server is a part of it."""
        return f"lab {metadata.version('dynamo-platform')}"

    @property
    def kubeconfig(self) -> Path:
        """The file with address and client certificate."""
        return self.folder / "kubeconfig"

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"https://127.0.0.1:{self.port}"

    def _command(self) -> tuple[str, ...]:
        self._port_file.unlink(missing_ok=True)
        return (
            sys.executable,
            "-m",
            "lab.apiserver",
            f"--port={self.port}",
            f"--kubeconfig-out={self.kubeconfig}",
            f"--port-file={self._port_file}",
            *self.arguments,
        )

    def _await_ready(self, process: ManagedProcess) -> None:
        process.wait_until(self._learn_port, deadline=START_DEADLINE, goal="reported its port")
        process.wait_until(
            lambda: self.kubeconfig.exists() and port_answers(self.port),
            deadline=START_DEADLINE,
            goal="accepted connections",
        )

    def _learn_port(self) -> bool:
        text = self._port_file.read_text().strip() if self._port_file.exists() else ""
        if not text.isdigit():
            return False
        self.port = int(text)
        return True

    @property
    def _port_file(self) -> Path:
        return self.folder / "port"
