"""The pod of a component: the user's partial pod spec over the defaults, and the main container last.

A replica of several nodes has a pod for each place in its layout; with one node the layout says so and changes
nothing. Metadata is apart from the spec, because an orchestrator may want labels elsewhere than in a template.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.desired.backends.backend import Backend
from services.reconciler.desired.backends.detection import backend
from services.reconciler.desired.backends.launches import NOT_INJECTED, launch_of, launch_volumes, launched, words
from services.reconciler.desired.backends.noop import NOOP
from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.component import Component
from services.reconciler.desired.containers import main_container
from services.reconciler.desired.debuggers import debugger, is_debugged
from services.reconciler.desired.layouts import ALONE, Layout
from services.reconciler.desired.merging import POD_SPEC, merged
from services.reconciler.desired.metadata import pod_labels
from services.reconciler.desired.names import discovery_account
from services.reconciler.desired.ports import with_protocols
from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.pull_secrets import pull_secrets
from services.reconciler.desired.volumes import storage, with_volume
from shared.api.platform import DiscoveryBackend, PlatformContext
from shared.core.json import Manifest, items, text

TERMINATION_GRACE_SECONDS = 60
FILE_SYSTEM_GROUP = 1000
DEFAULT_ACCOUNT = "default"

_COMPUTED = frozenset({"containers", "initContainers", "volumes", "imagePullSecrets", "serviceAccountName"})


@dataclass(frozen=True, slots=True)
class Pod:
    """The spec of a pod, and what a person should know about it."""

    spec: Manifest
    cautions: tuple[Caution, ...] = ()


def pod_template(component: Component, platform: PlatformContext, layout: Layout = ALONE) -> Manifest:
    """Return the pod template of a component; raise RenderError when its spec cannot be run."""
    metadata: Manifest = {"labels": pod_labels(component)}
    if component.pod_annotations:
        metadata["annotations"] = dict(component.pod_annotations)
    try:
        spec = pod_spec(component, platform, layout)
    except RenderError as error:
        raise error.within("failed to generate base pod spec") from error
    return {"metadata": metadata, "spec": {"serviceAccountName": _fallback_account(component), **spec}}


def pod_spec(component: Component, platform: PlatformContext, layout: Layout = ALONE) -> Manifest:
    """Return the pod spec of one place in a replica; raise RenderError when the component cannot be run there.

    Without an account of the user, the type or the graph the spec names none; `pod_template` chooses one then.
    """
    return pod(component, platform, layout).spec


def launch_cautions(component: Component, platform: PlatformContext, layout: Layout) -> tuple[Caution, ...]:
    """Return what a person should know about how one node of several starts; raise RenderError as `pod_spec` does."""
    return pod(component, platform, layout).cautions if layout.is_shared else ()


def pod(component: Component, platform: PlatformContext, layout: Layout = ALONE) -> Pod:
    """Return the pod spec of one place in a replica, with the cautions about it; raise RenderError."""
    try:
        chosen = engine(component)
    except RenderError as error:
        raise error.within("failed to determine backend framework") from error
    found = storage(component, chosen)
    container = main_container(component, chosen, found, platform)
    launch = launch_of(component, chosen, container=container, layout=layout, platform=platform)
    volumes = found.volumes
    for volume in launch_volumes(launch):
        volumes = with_volume(volumes, volume)
    debuggers = [debugger(platform)] if is_debugged(component) else []
    parts: Manifest = {
        "shareProcessNamespace": bool(debuggers),
        "serviceAccountName": _account(component),
        "containers": [*_sidecars(component, "containers"), launched(container, launch), *debuggers],
        "initContainers": _sidecars(component, "initContainers"),
        "volumes": volumes,
        "imagePullSecrets": pull_secrets(component),
    }
    overlay = {key: value for key, value in component.pod_overlay.items() if key not in _COMPUTED}
    spec = merged(_base(), overlay, POD_SPEC) | {key: value for key, value in parts.items() if value}
    missed = launch.missed if launch is not None else ""
    return Pod(spec, (Caution(NOT_INJECTED, f"service {component.service_name}: {missed}"),) if missed else ())


def engine(component: Component) -> Backend:
    """Return the engine that a component runs; raise RenderError when its command and its spec disagree."""
    if not component.type.runs_backend:
        return NOOP
    given = component.main_container
    return backend(words(given, "command"), words(given, "args"), component.spec.backend_framework)


def _base() -> Manifest:
    return {
        "terminationGracePeriodSeconds": TERMINATION_GRACE_SECONDS,
        "restartPolicy": "Always",
        "securityContext": {"fsGroup": FILE_SYSTEM_GROUP},
    }


def _sidecars(component: Component, key: str) -> list[object]:
    return [with_protocols(container) for container in items(component.pod_overlay, key)]


def _account(component: Component) -> str:
    """Return the account that is chosen for the pods: the user's, the type's, the graph's (workloads 5.9)."""
    chosen = text(component.pod_overlay, "serviceAccountName") or component.type.account
    if chosen or component.discovery is not DiscoveryBackend.KUBERNETES:
        return chosen
    return discovery_account(component.parent)


def _fallback_account(component: Component) -> str:
    return min(component.surroundings.component_accounts, default=DEFAULT_ACCOUNT)  # W-60
