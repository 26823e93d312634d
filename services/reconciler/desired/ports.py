"""Ports of containers: the default one stays, because the default probes and the Service name it (W-15).

A port without a protocol is written as TCP, which the API would make of it: it tells ports of one number apart by it.
"""

from __future__ import annotations

from services.reconciler.desired.component_types.defaults import Port
from shared.core.json import Manifest, integer, items, text

TCP = "TCP"


def ports(default: Port | None, given: list[object]) -> list[object]:
    """Return the user's ports, with the default one in front unless its name or number is taken."""
    own = [_with_protocol(entry) for entry in given]
    if default is None or any(_takes(entry, default) for entry in given):
        return own
    return [{"name": default.name, "containerPort": default.number, "protocol": TCP}, *own]


def with_protocols(container: object) -> object:
    """Return a container of the user with the protocol of each of its ports."""
    given = items(container, "ports")
    if not isinstance(container, dict) or not given:
        return container
    return {**container, "ports": [_with_protocol(entry) for entry in given]}


def reachable(probe: Manifest, default: Port | None, given: list[object]) -> Manifest:
    """Return a default probe that names its port by number where the user gave that number another name."""
    if default is None or not any(_renames(entry, default) for entry in given):
        return probe
    return {**probe, "httpGet": {**probe["httpGet"], "port": default.number}}


def target(port: Port, given: list[object]) -> str | int:
    """Return what a Service port points at: the name, or the number where the user gave it another name."""
    return port.number if any(_renames(entry, port) for entry in given) else port.name


def _takes(entry: object, port: Port) -> bool:
    return text(entry, "name") == port.name or _renames(entry, port)


def _renames(entry: object, port: Port) -> bool:
    is_tcp = text(entry, "protocol") in ("", TCP)
    return is_tcp and integer(entry, "containerPort") == port.number and text(entry, "name") != port.name


def _with_protocol(entry: object) -> object:
    if not isinstance(entry, dict) or entry.get("protocol"):
        return entry
    return {**entry, "protocol": TCP}
