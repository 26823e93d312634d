"""Decides in which order the parts of a local stack start, how each reports that it is ready, and how all of it ends.

Separate from the record of the stack and from the command line, which only shows progress. Invariant: until `release`,
every process that was started ends with this one, however it ends; so an interrupted start leaves nothing running.
"""

import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import metadata
from pathlib import Path

from lab.launcher.apiserver import ApiServer
from lab.launcher.clusters import start_together
from lab.launcher.processes import ManagedProcess, ProcessError, Program
from lab.launcher.servers import Server
from lab.launcher.simulator import Simulator
from lab.launcher.stack_servers import StackServers, stack_servers
from lab.launcher.stacks import Stack, StackProcess, began, forget_stack, stack_folder, stop_process, write_stack

SERVICES = ("watcher", "reconciler", "rbac", "discovery", "webhook")
READY_DEADLINE = timedelta(seconds=60)
STOP_DEADLINE = timedelta(seconds=12)

Progress = Callable[[str, str], None]  # name of the part, what happened to it


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What a user may choose about a stack."""

    name: str = "default"
    crd_files: tuple[Path, ...] = ()
    latency_ms: int = 0
    api_arguments: tuple[str, ...] = ()
    simulator_arguments: tuple[str, ...] = ()
    service_arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replicas: Mapping[str, int] = field(default_factory=dict)  # of services; one where nothing is said
    nats_members: int = 1
    etcd_members: int = 1


class Bringup:
    """One stack while it is brought up; `stack` is the record so far.

    Who keeps the object can crash single parts of the stack and start them again.
    """

    def __init__(self, options: StackOptions, progress: Progress) -> None:
        self.options = options
        self.folder = stack_folder(options.name)
        self._progress = progress
        self.servers: StackServers | None = None  # before they are started
        self._servers: dict[str, Server] = {}
        self._processes: dict[str, ManagedProcess] = {}
        self.stack = Stack(options.name, metadata.version("dynamo-platform"), "", "", "", "")

    def start_servers(self) -> Stack:
        """Start NATS, etcd and the API server at once, and return the stack with their addresses."""
        options = self.options
        crds = (f"--crd={path}" for path in options.crd_files)
        servers = self.servers = stack_servers(
            self.folder,
            (*crds, f"--latency={options.latency_ms}", *options.api_arguments),
            nats_members=options.nats_members,
            etcd_members=options.etcd_members,
        )
        self._servers = servers.by_name
        servers.start()
        for name, server in self._servers.items():
            self._add_server(name)
            self._progress(name, f"{server.version} answers")
        self.stack = Stack(
            name=self.options.name,
            version=self.stack.version,
            nats_url=servers.nats.url,
            etcd_endpoints=servers.etcd.url,
            api_url=servers.api.url,
            kubeconfig=str(self._copy_kubeconfig(servers.api)),
            processes=self.stack.processes,
        )
        write_stack(self.stack)
        return self.stack

    def start_simulator(self) -> None:
        """Start the workload simulator."""
        simulator = Simulator(
            self.folder / "simulator",
            Path(self.stack.kubeconfig),
            self.options.simulator_arguments,
            log_file=self.folder / "logs" / "simulator.log",
        )
        self._servers[simulator.name] = simulator
        simulator.start()
        self._add_server(simulator.name)
        self._progress(simulator.name, "has watched the cluster")

    def start_services(self, names: Sequence[str] = SERVICES) -> Stack:
        """Start services, each as often as was asked for, and return when all of them are ready."""
        waiting: list[tuple[str, ManagedProcess, Path]] = []
        for service in names:
            for number in range(1, self.options.replicas.get(service, 1) + 1):
                name = service if number == 1 else f"{service}-{number}"
                waiting.append((name, *self._start_service(service, name)))
        for name, process, port_file in waiting:
            port = _await_port(process, port_file)
            url = f"http://127.0.0.1:{port}"
            self._add(name, process.pid, process.program.log_file, url)
        for name, process, _ in waiting:
            found = self.stack.process(name)
            assert found is not None
            _await_ready(process, found.health_url)
            self._progress(name, "is ready")
        return self.stack

    def server(self, name: str) -> Server:
        """Return one server of the stack by its name."""
        return self._servers[name]

    def crash(self, *names: str) -> None:
        """End processes of the stack as kill -9 does."""
        for name in names:
            self._process(name).kill()

    def stop(self, *names: str) -> None:
        """End processes of the stack in order."""
        for name in names:
            self._process(name).stop(STOP_DEADLINE)

    def pause(self, *names: str) -> None:
        """Freeze processes of the stack: their connections stay open, nothing answers."""
        for name in names:
            self._process(name).pause()

    def resume(self, *names: str) -> None:
        """Let paused processes go on."""
        for name in names:
            self._process(name).resume()

    def reload(self, *names: str) -> None:
        """Ask processes of the stack to look at their files again (SIGHUP): the API server writes its snapshot."""
        for name in names:
            self._process(name).reload()

    def wipe(self, *names: str) -> None:
        """Throw away the data of servers that were crashed."""
        for name in names:
            self._servers[name].wipe()

    def restart(self, *names: str) -> Stack:
        """Start processes of the stack again after they ended: servers at once, each on the port and data it had."""
        servers = [name for name in names if name in self._servers]
        if servers:
            start_together([self._servers[name] for name in servers])
        for name in servers:
            self._add_server(name)
            server = self._servers[name]
            if isinstance(server, ApiServer):
                self._copy_kubeconfig(server)
        for name in names:
            if name not in self._servers:
                process, port_file = self._start_service(name.partition("-")[0], name)
                port = _await_port(process, port_file)
                self._add(name, process.pid, process.program.log_file, f"http://127.0.0.1:{port}")
        return self.stack

    def release(self) -> None:
        """Let the stack live on without this process."""
        for process in self._all():
            process.release()

    def take_down(self) -> None:
        """End everything that was started so far, also what is not in the record yet."""
        take_down(self.stack, lambda *_: None)
        for process in self._all():
            if process.is_running:
                process.stop(STOP_DEADLINE)

    def _all(self) -> list[ManagedProcess]:
        return [*(server.process for server in self._servers.values() if server.is_started), *self._processes.values()]

    def _process(self, name: str) -> ManagedProcess:
        return self._servers[name].process if name in self._servers else self._processes[name]

    def _start_service(self, service: str, name: str) -> tuple[ManagedProcess, Path]:
        port_file = self.folder / "ports" / name
        port_file.parent.mkdir(parents=True, exist_ok=True)
        port_file.unlink(missing_ok=True)
        environment = service_environment(self.stack, name) | {"DYNAMO_PORT_FILE": str(port_file)}
        command = ("-m", f"services.{service}", *self.options.service_arguments.get(service, ()))
        return self._start(name, command, environment), port_file

    def _start(self, name: str, command: tuple[str, ...], environment: Mapping[str, str]) -> ManagedProcess:
        process = ManagedProcess.start(
            Program(
                name=name,
                command=(sys.executable, *command),
                log_file=self.folder / "logs" / f"{name}.log",
                environment=environment,
            )
        )
        self._processes[name] = process
        return process

    def _copy_kubeconfig(self, api: ApiServer) -> Path:
        """Put the API server's kubeconfig where every client of the stack reads it; a fresh server has other keys."""
        kubeconfig, draft = self.folder / "kubeconfig", self.folder / "kubeconfig.new"
        shutil.copyfile(api.kubeconfig, draft)
        draft.chmod(0o600)
        draft.replace(kubeconfig)
        return kubeconfig

    def _add_server(self, name: str) -> None:
        server = self._servers[name]
        self._add(name, server.process.pid, server.log_file)

    def _add(self, name: str, pid: int, log_file: Path, health_url: str = "") -> None:
        process = StackProcess(name, pid, began(pid), str(log_file), health_url)
        self.stack = self.stack.with_process(process)
        write_stack(self.stack)


def service_environment(stack: Stack, name: str) -> dict[str, str]:
    """Return the variables with which a service finds the servers of a stack."""
    return {
        "DYNAMO_INSTALL": stack.name,
        "DYNAMO_REPLICA": name,
        "DYNAMO_NATS_URL": stack.nats_url,
        "DYNAMO_ETCD_ENDPOINTS": stack.etcd_endpoints,
        "KUBECONFIG": stack.kubeconfig,
        "DYNAMO_LOG_FORMAT": "json",
    }


def take_down(stack: Stack, progress: Progress, *, purge: bool = False) -> None:
    """End the processes of a stack in reverse order and forget it; with `purge` its logs and data go too.

    The five services end together, then the simulator, then the servers: none may miss what it still writes to.
    """
    for group in _in_reverse(stack):
        with ThreadPoolExecutor(max_workers=max(1, len(group))) as pool:
            ended = list(pool.map(lambda process: stop_process(process, STOP_DEADLINE), group))
        for process, itself in zip(group, ended, strict=True):
            progress(process.name, "stopped" if itself else "did not stop in time and was killed")
    forget_stack(stack.name, purge=purge)


def is_ready(url: str) -> tuple[bool, str]:
    """Ask a service's `/readyz`: whether it is ready, and otherwise the reasons it gives."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return answer.status == 200, ""
    except urllib.error.HTTPError as error:
        return False, _reasons(error.read())
    except OSError as error:
        return False, str(error)


def _reasons(body: bytes) -> str:
    try:
        waiting = json.loads(body).get("waiting", {})
    except (ValueError, AttributeError):
        return body.decode(errors="replace").strip()
    return "; ".join(f"{check}: {reason}" for check, reason in waiting.items())


def _in_reverse(stack: Stack) -> list[list[StackProcess]]:
    services = [process for process in stack.processes if process.name.partition("-")[0] in SERVICES]
    others = [process for process in stack.processes if process not in services]
    return [services, *([process] for process in reversed(others))]


def _await_port(process: ManagedProcess, port_file: Path) -> int:
    process.wait_until(
        lambda: port_file.exists() and port_file.read_text().strip().isdigit(),
        deadline=READY_DEADLINE,
        goal="reported its port",
    )
    return int(port_file.read_text())


def _await_ready(process: ManagedProcess, url: str) -> None:
    reason = ""

    def answers() -> bool:
        nonlocal reason
        ready, reason = is_ready(url)
        return ready

    try:
        process.wait_until(answers, deadline=READY_DEADLINE, goal="became ready")
    except ProcessError as error:
        raise ProcessError(f"{error}\n{process.program.name} waits for: {reason}" if reason else str(error)) from error
