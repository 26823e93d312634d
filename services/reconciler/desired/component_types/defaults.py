"""The shape of a component type's defaults. Probes are made anew for each use, since manifests are plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core.json import Manifest


@dataclass(frozen=True, slots=True)
class Port:
    """A named TCP port."""

    name: str
    number: int


HTTP = Port("http", 8000)
SYSTEM = Port("system", 9090)


def no_probes() -> Manifest:
    """Return the probes of a type without any."""
    return {}


def http_get(path: str, port: Port, **timings: int) -> Manifest:
    """Return a probe that asks for a path on a port of the container."""
    return {"httpGet": {"path": path, "port": port.name}, **timings}


@dataclass(frozen=True, slots=True)
class ComponentType:
    """Defaults of the main container and of the Service of one type."""

    command: tuple[str, ...] = ("/bin/sh", "-c")
    args: tuple[str, ...] = ()
    port: Port | None = None
    variables: tuple[tuple[str, str], ...] = ()
    probes: Callable[[], Manifest] = no_probes
    account: str = ""
    is_frontend: bool = False
    runs_backend: bool = False

    @property
    def service_port(self) -> Port:
        """Return the port of the component's Service."""
        return self.port or SYSTEM
