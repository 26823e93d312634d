"""Decides how the workload simulator is started and when it is ready.

Separate because only this module knows the simulator's command line. Invariant: the launcher imports nothing of
`lab.simulator`; the two meet at a command line and a file.
"""

import sys
from importlib import metadata
from pathlib import Path

from lab.launcher.processes import ManagedProcess
from lab.launcher.servers import START_DEADLINE, Server


class Simulator(Server):
    """The workload simulator; `arguments` are passed on (`--nodes 2x8xH100`, `--seed 7`, `--faults FILE`)."""

    name = "simulator"

    def __init__(
        self,
        folder: Path,
        kubeconfig: Path,
        arguments: tuple[str, ...] = (),
        *,
        log_file: Path | None = None,
    ) -> None:
        super().__init__(folder, log_file=log_file)
        self.kubeconfig = kubeconfig
        self.arguments = arguments

    @property
    def version(self) -> str:
        """The version of this project: the simulator is a part of it."""
        return f"lab {metadata.version('dynamo-platform')}"

    def _command(self) -> tuple[str, ...]:
        self._ready_file.unlink(missing_ok=True)
        return (
            sys.executable,
            "-m",
            "lab.simulator",
            f"--kubeconfig={self.kubeconfig}",
            f"--ready-file={self._ready_file}",
            *self.arguments,
        )

    def _await_ready(self, process: ManagedProcess) -> None:
        process.wait_until(self._ready_file.exists, deadline=START_DEADLINE, goal="watched the cluster")

    @property
    def _ready_file(self) -> Path:
        return self.folder / "simulator.ready"
