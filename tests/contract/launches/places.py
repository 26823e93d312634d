"""One place in a replica, started as a node would start it: the kubelet's expansion, then a real shell.

The programs that a launch calls are stand-ins that write down the words they got; what they would start in turn, they
start. So a test sees the words that reach the engine at the end of all quoting.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.component import component_of
from services.reconciler.desired.layouts import Addresses, Layout, Role
from services.reconciler.desired.pods import pod_spec
from shared.api.platform import PlatformContext
from tests.kubelet import started

WORD_END, CALL_END = "\x1f", "\x1e"
_RECORD = 'printf "%s\\037" "${0##*/}" "$@" >> "$CALLS"; printf "\\036" >> "$CALLS"\n'
PROGRAMS = {
    "python3": "",
    "ray": "",
    "sshd": "",
    "getent": "",
    "ssh-keygen": "",
    "mpirun": 'while [ "$1" != bash ]; do shift; done; exec "$@"\n',
    "trtllm-llmapi-launch": 'exec "$@"\n',
    "id": 'echo "$STAND_IN_UID"\n',
}
VARIABLES = {
    GROVE: {
        "GROVE_PCSG_NAME": "g-0-w",
        "GROVE_PCSG_INDEX": "0",
        "GROVE_HEADLESS_SERVICE": "g-0.llm.svc.cluster.local",
        "GROVE_PCLQ_POD_INDEX": "1",
    },
    LWS: {"LWS_LEADER_ADDRESS": "g-w-0.g-w-0.llm", "LWS_WORKER_INDEX": "2"},
}
LEADERS = {GROVE: "g-0-w-0-w-ldr-0.g-0.llm.svc.cluster.local", LWS: "g-w-0.g-w-0.llm"}
ORCHESTRATORS = (GROVE, LWS)
NODES = 3


def container_at(role: Role, addresses: Addresses, command: list[str], args: list[str]) -> dict[str, Any]:
    """Return the main container of one node of a worker that asks for 8 GPUs on each."""
    manifest = {
        "metadata": {"name": "g-w", "namespace": "llm"},
        "spec": {
            "serviceName": "w",
            "dynamoNamespace": "llm-g",
            "componentType": "worker",
            "resources": {"limits": {"gpu": "8"}},
            "extraPodSpec": {"mainContainer": {"command": command, "args": args}},
        },
    }
    component = component_of(manifest, PlatformContext())
    container: dict[str, Any] = pod_spec(component, PlatformContext(), Layout(role, NODES, addresses))["containers"][-1]
    return container


@dataclass
class Place:
    """A folder in which containers start, with stand-ins for the programs they call."""

    folder: Path
    user: int = 0
    calls: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the stand-ins and the keys."""
        for path in (self.home, self.folder / "bin", self.folder / "keys"):
            path.mkdir()
        for name, rest in PROGRAMS.items():
            program = self.folder / "bin" / name
            program.write_text(f"#!/bin/sh\n{_RECORD if name != 'id' else ''}{rest}")
            program.chmod(0o755)
        for name in ("private.key", "private.key.pub"):
            (self.folder / "keys" / name).write_text(name)

    @property
    def home(self) -> Path:
        """Return the home of the user, which no account's entry names."""
        return self.folder / "home"

    def start(self, container: dict[str, Any], addresses: Addresses) -> None:
        """Start a container and record what it called; fail when it fails."""
        variables = VARIABLES[addresses]
        words = started(container["command"], container.get("args", ()), variables)
        here = [word.replace("/ssh-pk/", f"{self.folder}/keys/").replace("/usr/sbin/sshd", "sshd") for word in words]
        record = self.folder / "calls"
        subprocess.run(
            here,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.defpath}",
                "HOME": str(self.home),
                "CALLS": str(record),
                "STAND_IN_UID": str(self.user),
                **variables,
            },
            check=True,
            capture_output=True,
            timeout=30,
        )
        self.calls = [call.split(WORD_END)[:-1] for call in record.read_text().split(CALL_END)[:-1]]

    def called(self, name: str) -> list[str]:
        """Return the words behind the name of a program in its last call."""
        return next(call[1:] for call in reversed(self.calls) if call[0] == name)
