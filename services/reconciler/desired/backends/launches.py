"""From a container to the node that a back end sees, and from its launch back to the container and the pod.

The only place where back ends and manifests meet. With one node per replica nothing is asked of a back end.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.backends.backend import SSH_KEYS, Backend, Launch, Node
from services.reconciler.desired.component import Component
from services.reconciler.desired.environments import extended, variable
from services.reconciler.desired.layouts import Layout
from services.reconciler.desired.quantities import amount
from shared.api.components import Resources
from shared.api.platform import PlatformContext
from shared.contracts.watched import is_gpu
from shared.core.json import Manifest, items, mapping, text

NOT_INJECTED = "MultinodeFlagsNotInjected"  # W-23
KEY_MODE = 0o644

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def launch_of(
    component: Component,
    backend: Backend,
    *,
    container: Mapping[str, object],
    layout: Layout,
    platform: PlatformContext,
) -> Launch | None:
    """Return how one node of several starts, or None where a replica has one node; raise RenderError."""
    if not layout.is_shared or layout.addresses is None:
        return None
    return backend.launch(
        Node(
            service=component.service_name,
            role=layout.role,
            nodes=layout.nodes,
            addresses=layout.addresses,
            command=words(container, "command"),
            args=words(container, "args"),
            gpus=gpus(component, container),
            variables=tuple(text(entry, "name") for entry in items(container, "env")),
            ssh_secret=platform.mpi.ssh_secret_name,
        )
    )


def launched(container: Manifest, launch: Launch | None) -> Manifest:
    """Return the container that starts as the launch says."""
    if launch is None:
        return container
    dropped = _PROBES if launch.without_probes else ()
    result = {key: value for key, value in container.items() if key not in (*dropped, "args")}
    result["command"] = list(launch.command)
    if launch.args:
        result["args"] = list(launch.args)
    if launch.readiness is not None:
        result["readinessProbe"] = launch.readiness
    if launch.variables:
        added = [variable(name, value) for name, value in launch.variables]
        result["env"] = extended(container.get("env", []), added)
    if launch.ssh_secret:
        mount = {"name": launch.ssh_secret, "mountPath": SSH_KEYS, "readOnly": True}
        result["volumeMounts"] = [*items(container, "volumeMounts"), mount]
    return result


def launch_volumes(launch: Launch | None) -> list[Manifest]:
    """Return the volumes that a launch adds to the pod."""
    if launch is None or not launch.ssh_secret:
        return []
    secret = {"secretName": launch.ssh_secret, "defaultMode": KEY_MODE}
    return [{"name": launch.ssh_secret, "secret": secret}]


def gpus(component: Component, container: Mapping[str, object]) -> int:
    """Return the GPUs of one node: what limits say, else requests, else the container's own; 0 when none tells (W-24).

    The container may ask for GPUs of any vendor under their own resource names; those of several names are added up.
    """
    given = component.spec.resources or Resources()
    said = next((side.gpu for side in (given.limits, given.requests) if side is not None and side.gpu), "")
    if said:
        return _whole(said)
    asked = {**mapping(container, "resources", "requests"), **mapping(container, "resources", "limits")}
    return sum(_whole(str(quantity)) for name, quantity in asked.items() if is_gpu(name))


def words(container: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the words of a command or its arguments."""
    return tuple(word for word in items(container, key) if isinstance(word, str))


def _whole(quantity: str) -> int:
    found = amount(quantity)  # readable: the container's resources were made of it
    return int(found) if found > 0 and found == found.to_integral_value() else 0
