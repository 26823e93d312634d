"""Runs the genuine kubectl against a server, with a home of its own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT = 30
BINARY = Path(sys.executable).parent / "kubectl"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One user of one cluster, working in one namespace."""

    kubeconfig: Path
    home: Path
    namespace: str = "default"

    def try_run(self, *arguments: str, stdin: str = "") -> Answer:
        """Run a command, whatever comes of it."""
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), "PATH": ""}
        command = [str(BINARY), "--namespace", self.namespace, *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=TIME_LIMIT, env=environment, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must succeed, and return what it prints."""
        answer = self.try_run(*arguments, stdin=stdin)
        assert answer.code == 0, answer.err or answer.out
        return answer.out

    def apply(self, manifest: str, *arguments: str) -> str:
        """Apply a manifest."""
        return self.run("apply", "-f", "-", *arguments, stdin=manifest)
