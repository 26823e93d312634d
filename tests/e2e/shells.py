"""The shell in which a test follows a page: this project's commands, a home of its own, and no other stack in reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lab.launcher.processes import ManagedProcess, Program
from tests.contract.docs.pages import ROOT

TIME_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Shell:
    """The shell of somebody who follows a page, with a home of their own, and the stack that the page is about."""

    home: Path
    name: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables: those of this machine, without what would lead to another stack or cluster."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DYNAMO_", "XDG_"))}
        inherited.pop("KUBECONFIG", None)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**inherited, "HOME": str(self.home), "PATH": path, "NO_COLOR": "1"}

    @property
    def stack(self) -> Path:
        """The folder of the stack."""
        return self.home / ".local/state/dynamo-platform" / self.name

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )

    def first_line(self, command: str) -> str:
        """Run a command that goes on for ever until its first line, and return the line."""
        log = self.home / "endless.log"
        program = Program("endless", ("bash", "-c", f"exec {command}"), log, self.environment, ROOT)
        process = ManagedProcess.start(program)
        try:
            process.wait_until(
                lambda: "\n" in log.read_text(), deadline=timedelta(seconds=20), goal="printed its first line"
            )
        finally:
            process.kill()
        return log.read_text().splitlines()[0]

    def process_groups(self) -> list[int]:
        """Return the process groups of the stack; none where there is no stack."""
        record = self.stack / "stack.json"
        return [each["pid"] for each in json.loads(record.read_text())["processes"]] if record.exists() else []
