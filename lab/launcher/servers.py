"""Decides what starting, crashing and restarting means for every server of a stack.

Separate from the single servers, which add their command line and how they report their port. Invariants: a restarted
server keeps its port and its data; `wipe` is possible only while it is down.
"""

import shutil
from abc import ABC, abstractmethod
from datetime import timedelta
from pathlib import Path

from lab.launcher.processes import ManagedProcess, ProcessError, Program

START_DEADLINE = timedelta(seconds=20)
STOP_DEADLINE = timedelta(seconds=10)


class Server(ABC):
    """A server process with a folder of its own (`data/`, configuration) and a log file."""

    name: str

    def __init__(self, folder: Path, *, log_file: Path | None = None) -> None:
        self.folder = folder
        self.log_file = log_file or folder / f"{self.name}.log"
        self._process: ManagedProcess | None = None

    @property
    def data_folder(self) -> Path:
        """Where the server keeps what survives a restart."""
        return self.folder / "data"

    @property
    @abstractmethod
    def version(self) -> str:
        """The version of the program."""

    @property
    def process(self) -> ManagedProcess:
        """The running process; an error before the first start."""
        if self._process is None:
            raise ProcessError(f"{self.name} has not been started")
        return self._process

    @property
    def is_started(self) -> bool:
        """Say whether the server was ever started, so that there is a process, alive or not."""
        return self._process is not None

    @property
    def is_running(self) -> bool:
        """Say whether the process lives (a paused one does)."""
        return self._process is not None and self._process.is_running

    def start(self) -> None:
        """Start the server and return when it answers; on the port it had before, if it ran before."""
        if self.is_running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        process = ManagedProcess.start(
            Program(
                name=self.name,
                command=self._command(),
                log_file=self.log_file,
            )
        )
        self._process = process
        try:
            self._await_ready(process)
        except ProcessError:
            process.kill()
            raise

    def stop(self) -> None:
        """Stop the server in order; killed when it does not end in time."""
        if self._process is not None:
            self._process.stop(STOP_DEADLINE)

    def kill(self) -> None:
        """Crash the server (kill -9)."""
        self.process.kill()

    def restart(self) -> None:
        """Crash the server if it runs and start it again on the same port and data."""
        if self.is_running:
            self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze the server: connections stay open, nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        """Let a paused server go on."""
        self.process.resume()

    def wipe(self) -> None:
        """Throw away the data of a server that is down, as a lost disk would."""
        if self.is_running:
            raise ProcessError(f"{self.name} is running: its data can only be wiped while it is down")
        shutil.rmtree(self.data_folder, ignore_errors=True)

    @abstractmethod
    def _command(self) -> tuple[str, ...]:
        """Return the command line, with the known port if there is one."""

    @abstractmethod
    def _await_ready(self, process: ManagedProcess) -> None:
        """Learn the port and wait until the server answers on it."""
