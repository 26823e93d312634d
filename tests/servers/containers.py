"""Servers as containers, where an engine answers.

Invariants: host ports are bound to fixed numbers, so that a restarted container keeps its address; the containers are
those of `definitions`; testcontainers' reaper ends them with the test run, also when pytest is killed.
"""

import shlex
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from lab.launcher.apiserver import ApiServer
from lab.launcher.nats import MAX_PAYLOAD
from lab.launcher.processes import free_port
from tests.servers.definitions import (
    ETCD,
    ETCD_CLIENT_PORT,
    K3S,
    KUBERNETES_PORT,
    NATS,
    NATS_CLIENT_PORT,
    NATS_MONITORING_PORT,
    ContainerDefinition,
)
from tests.servers.interface import ApiTestServer
from tests.servers.waiting import wait_until

with warnings.catch_warnings():  # its own modules use what it deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    import docker.errors  # type: ignore[import-untyped]  # publishes no types
    from testcontainers.community.nats import NatsContainer
    from testcontainers.core.container import DockerContainer

ENGINE_API_VERSION = "1.41"  # named, because asking the engine for it needs an engine
READY_DEADLINE = timedelta(seconds=120)


def nats_container(extra_configuration_file: Path | None = None) -> Any:
    """Return the NATS container, not started."""
    command = NATS.command
    container = NatsContainer(NATS.reference, docker_client_kw={"version": ENGINE_API_VERSION})
    if extra_configuration_file is not None:
        command = (*command, "--config=/etc/nats/extra.conf")
        container.with_volume_mapping(str(extra_configuration_file), "/etc/nats/extra.conf")
    return _defined(container, NATS, command)


def etcd_container() -> Any:
    """Return the etcd container, not started."""
    return _defined(DockerContainer(ETCD.reference, docker_client_kw={"version": ENGINE_API_VERSION}), ETCD)


def k3s_container() -> Any:
    """Return the K3s container, not started; it needs an engine that runs privileged containers."""
    # Not testcontainers' own K3s module: its constructor asks for the address of a container that does not run yet.
    container = DockerContainer(K3S.reference, docker_client_kw={"version": ENGINE_API_VERSION})
    container.with_kwargs(privileged=True).with_tmpfs_mount("/run").with_tmpfs_mount("/var/run")
    container.with_volume_mapping("/sys/fs/cgroup", "/sys/fs/cgroup", "rw")
    return _defined(container, K3S)


def _defined(container: Any, definition: ContainerDefinition, command: tuple[str, ...] | None = None) -> Any:
    container.ports = {}
    for port in definition.ports:
        container.with_bind_ports(port, free_port())
    for key, value in definition.environment.items():
        container.with_env(key, value)
    return container.with_command(shlex.join(command or definition.command))


class ContainerServer(ABC):
    """One container that a test may crash."""

    definition: ContainerDefinition

    def __init__(self, container: Any) -> None:
        self._container = container
        self._is_created = False

    @property
    def version(self) -> str:
        """The version in the image's tag."""
        return self.definition.version

    def start(self) -> None:
        """Create and start, or start again on the same ports."""
        if self._is_created:
            self._engine.start()
        else:
            DockerContainer.start(self._container)  # readiness is asked for below, at a crash's restart too
            self._is_created = True
        wait_until(self._is_ready, deadline=READY_DEADLINE, goal=f"{self.definition.reference} answers")

    def stop(self) -> None:
        """Remove the container with its data: tests stop a server when they are done with it."""
        self._container.stop()
        self._is_created = False

    def kill(self) -> None:
        """Crash (kill -9 of the container's process)."""
        self._engine.kill()

    def restart(self) -> None:
        """Crash and start again."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze."""
        self._engine.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        self._engine.unpause()

    def wipe(self) -> None:
        """Replace the container by a fresh one on the same ports."""
        self._engine.remove(force=True, v=True)
        self._is_created = False

    @property
    def _engine(self) -> Any:
        return self._container.get_wrapped_container()

    def _host_port(self, port: int) -> int:
        return int(self._container.ports[str(port)])

    @abstractmethod
    def _is_ready(self) -> bool:
        """Say whether the server answers."""


class NatsContainerServer(ContainerServer):
    """NATS in a container."""

    definition = NATS

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"nats://{self._container.get_container_host_ip()}:{self._host_port(NATS_CLIENT_PORT)}"

    @property
    def monitoring_url(self) -> str:
        """The address of the server's statistics."""
        return f"http://{self._container.get_container_host_ip()}:{self._host_port(NATS_MONITORING_PORT)}"

    def _is_ready(self) -> bool:
        return b"Server is ready" in self._engine.logs()


class EtcdContainerServer(ContainerServer):
    """etcd in a container."""

    definition = ETCD

    @property
    def endpoint(self) -> str:
        """The address for clients."""
        return f"{self._container.get_container_host_ip()}:{self._host_port(ETCD_CLIENT_PORT)}"

    def _is_ready(self) -> bool:
        code: int = self._engine.exec_run(["etcdctl", "endpoint", "health"]).exit_code
        return code == 0


class K3sContainerServer(ContainerServer):
    """K3s in a privileged container."""

    definition = K3S

    def __init__(self, container: Any, folder: Path) -> None:
        super().__init__(container)
        self._folder = folder

    @property
    def kubeconfig(self) -> Path:
        """The file that says where it is and who may ask."""
        return self._folder / "kubeconfig"

    def _is_ready(self) -> bool:
        answer = self._engine.exec_run(["kubectl", "get", "--raw=/readyz"])
        if answer.exit_code != 0:
            return False
        content = self._engine.exec_run(["cat", "/etc/rancher/k3s/k3s.yaml"]).output.decode()
        host = f"{self._container.get_container_host_ip()}:{self._host_port(KUBERNETES_PORT)}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self.kubeconfig.write_text(content.replace(f"127.0.0.1:{KUBERNETES_PORT}", host))
        return True


class ContainerServers:
    """NATS, etcd and K3s from images; the lab's Kubernetes API where privileged containers do not run."""

    name = "containers"

    @property
    def versions(self) -> Mapping[str, str]:
        """The version of each server."""
        return {"nats": NATS.version, "etcd": ETCD.version, "kubernetes": f"{K3S.version} or lab"}

    def nats(self, folder: Path, *, extra_configuration: str = "") -> NatsContainerServer:
        """Return a NATS server."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "extra.conf"
        file.write_text(f"max_payload: {MAX_PAYLOAD}\n{extra_configuration}\n")
        return NatsContainerServer(nats_container(file))

    def etcd(self, folder: Path) -> EtcdContainerServer:
        """Return an etcd server."""
        return EtcdContainerServer(etcd_container())

    def api(self, folder: Path, *, arguments: tuple[str, ...] = ()) -> ApiTestServer:
        """Return K3s, or the lab's API where `arguments` ask for it or privileged containers do not run."""
        if arguments or not runs_privileged():
            return ApiServer(folder, arguments)
        return K3sContainerServer(k3s_container(), folder)


def runs_privileged() -> bool:
    """Say whether the engine runs privileged containers."""
    probe = etcd_container().with_command("/usr/local/bin/etcd --version").with_kwargs(privileged=True)
    try:
        probe.start()
    except docker.errors.APIError:
        return False
    probe.stop()
    return True
