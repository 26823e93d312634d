"""Starts what docker-compose.yml describes as plain processes, where no container engine is.

Commands, variables and health checks are those of the file; only what a container would give them is put in its place:
host names and ports (each service's port becomes a free one of the loopback address), and folders (each volume becomes
a folder). Invariant: nothing is added that the file does not say, but etcd's peer address, which would be taken when
two stacks run at once.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from lab.launcher.binaries import etcd_binary, kubectl_binary, nats_server_binary
from lab.launcher.processes import ManagedProcess, Program, free_port
from tests.contract.compose.reading import ROOT, Service, services

LOOPBACK = "127.0.0.1"
PATIENCE = timedelta(seconds=30)  # stop_grace_period of the file
ENTRY_POINTS = {"dynamoctl": (sys.executable, "-m", "cli")}  # by target, as services/Dockerfile has them
PEERS = ("--listen-peer-urls=http://127.0.0.1:0", "--initial-advertise-peer-urls=http://127.0.0.1:0")


def _programs() -> dict[str, str]:
    return {
        "python": sys.executable,
        "kubectl": str(kubectl_binary().path),
        "/usr/local/bin/etcd": str(etcd_binary().path),
        "/usr/local/bin/etcdctl": str(etcd_binary().path.with_name("etcdctl")),
    }


@dataclass(slots=True)
class ComposeProcesses:
    """The services of the file as processes below one folder."""

    folder: Path
    services: dict[str, Service] = field(default_factory=services)
    running: dict[str, ManagedProcess] = field(default_factory=dict)
    ports: dict[tuple[str, int], int] = field(init=False)

    def __post_init__(self) -> None:
        """Choose a free port for each port that a service listens on."""
        self.ports = {
            (service.name, port.inside): free_port() for service in self.services.values() for port in service.ports
        }

    def start(self, name: str) -> ManagedProcess:
        """Start one service."""
        service = self.services[name]
        command = self._command(service)
        environment = self._environment(service)
        log = self.folder / "logs" / f"{name}.log"
        process = ManagedProcess.start(Program(name, command, log, environment, folder=self.folder))
        self.running[name] = process
        return process

    def is_healthy(self, name: str) -> bool:
        """Say what the health check of the file says."""
        service = self.services[name]
        program, *arguments = (self._local(text, service) for text in service.health)
        if program == "wget":  # part of the image's system, not of this machine's
            program, arguments = "python", ["-c", f"from urllib.request import urlopen; urlopen('{arguments[-1]}')"]
        command = [_programs().get(program, program), *arguments]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **self._environment(service)}
        return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=10).returncode == 0

    def wait_healthy(self, name: str, deadline: timedelta = timedelta(seconds=60)) -> None:
        """Wait until the health check is fine."""
        self.running[name].wait_until(lambda: self.is_healthy(name), deadline=deadline, goal="became healthy")

    def log(self, name: str) -> str:
        """Return what a service has printed."""
        return (self.folder / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def stop(self, *names: str) -> dict[str, int]:
        """End services at once, all where none is named, as `docker compose down` does, and return the exit codes."""
        ending = {name: self.running.pop(name) for name in names or tuple(self.running)}
        with ThreadPoolExecutor(max_workers=max(1, len(ending))) as pool:
            codes = pool.map(lambda process: process.stop(PATIENCE), ending.values())
            return dict(zip(ending, codes, strict=True))

    def _command(self, service: Service) -> tuple[str, ...]:
        own = tuple(self._local(text, service) for text in service.command)
        if service.name == "nats":
            port = self.ports[service.name, 4222]
            return (str(nats_server_binary().path), *own, f"--addr={LOOPBACK}", f"--port={port}")
        if service.name == "etcd":
            cluster = "--initial-cluster=default=http://127.0.0.1:0"
            return (_programs()[own[0]], *own[1:], *PEERS, cluster)
        program, *arguments = own if service.target not in ENTRY_POINTS else (*ENTRY_POINTS[service.target], *own)
        return (_programs().get(program, program), *arguments)

    def _environment(self, service: Service) -> Mapping[str, str]:
        return {key: self._local(text, service) for key, text in service.environment.items()}

    def _local(self, text: str, service: Service) -> str:
        """Return a text of the file as it must be outside a container."""
        hosts = "|".join(sorted({name for name, _ in self.ports}))
        text = re.sub(rf"\b({hosts}):(\d+)\b", lambda match: f"{LOOPBACK}:{self.ports[match[1], int(match[2])]}", text)
        text = re.sub(rf"(^|=)({hosts})$", rf"\g<1>{LOOPBACK}", text)
        text = text.replace("0.0.0.0", LOOPBACK)
        own = {inside: port for (name, inside), port in self.ports.items() if name == service.name}
        text = re.sub(r"(^|[=:])(\d{4})(?=$|[/'])", lambda match: f"{match[1]}{own.get(int(match[2]), match[2])}", text)
        for target, place in self._places(service).items():
            text = re.sub(rf"(^|=){re.escape(target)}(?=$|/)", rf"\g<1>{place}", text)
        return text

    def _places(self, service: Service) -> dict[str, Path]:
        """Return where each folder or file of a container lies here: a volume is shared, /tmp is not."""
        places = {"/tmp": self.folder / "tmp" / service.name}
        for mount in service.mounts:
            if mount.source.startswith("./"):
                places[mount.target] = ROOT / mount.source
            elif mount.source.startswith("/"):
                places[mount.target] = Path(mount.source)
            else:
                places[mount.target] = self.folder / "volumes" / mount.source
        for place in places.values():
            if not place.exists():
                place.mkdir(parents=True, exist_ok=True)
        return places
