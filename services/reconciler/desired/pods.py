"""The pod template of a component: the user's partial pod spec over the defaults, and the main container last."""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.backends.backend import Backend
from services.reconciler.desired.backends.detection import backend
from services.reconciler.desired.backends.noop import NOOP
from services.reconciler.desired.component import Component
from services.reconciler.desired.containers import main_container
from services.reconciler.desired.debuggers import debugger, is_debugged
from services.reconciler.desired.merging import POD_SPEC, merged
from services.reconciler.desired.metadata import pod_labels
from services.reconciler.desired.names import discovery_account
from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.pull_secrets import pull_secrets
from services.reconciler.desired.volumes import storage
from shared.api.platform import DiscoveryBackend, PlatformContext
from shared.core.json import Manifest, items, text

TERMINATION_GRACE_SECONDS = 60
FILE_SYSTEM_GROUP = 1000
DEFAULT_ACCOUNT = "default"

_COMPUTED = frozenset({"containers", "volumes", "imagePullSecrets", "serviceAccountName"})


def pod_template(component: Component, platform: PlatformContext) -> Manifest:
    """Return the pod template of a component; raise RenderError when its spec cannot be run."""
    metadata: Manifest = {"labels": pod_labels(component)}
    if component.pod_annotations:
        metadata["annotations"] = dict(component.pod_annotations)
    try:
        return {"metadata": metadata, "spec": _pod_spec(component, platform)}
    except RenderError as error:
        raise error.within("failed to generate base pod spec") from error


def _pod_spec(component: Component, platform: PlatformContext) -> Manifest:
    engine = _engine(component)
    found = storage(component, engine)
    overlay = {key: value for key, value in component.pod_overlay.items() if key not in _COMPUTED}
    spec = merged(_base(), overlay, POD_SPEC)
    debuggers = [debugger()] if is_debugged(component) else []
    parts: Manifest = {
        "shareProcessNamespace": bool(debuggers),
        "serviceAccountName": _account(component),
        "containers": [
            *items(component.pod_overlay, "containers"),
            main_container(component, engine, found, platform),
            *debuggers,
        ],
        "volumes": found.volumes,
        "imagePullSecrets": pull_secrets(component),
    }
    return spec | {key: value for key, value in parts.items() if value}


def _base() -> Manifest:
    return {
        "terminationGracePeriodSeconds": TERMINATION_GRACE_SECONDS,
        "restartPolicy": "Always",
        "securityContext": {"fsGroup": FILE_SYSTEM_GROUP},
    }


def _engine(component: Component) -> Backend:
    if not component.type.runs_backend:
        return NOOP
    given = component.main_container
    try:
        return backend(_words(given, "command"), _words(given, "args"), component.spec.backend_framework)
    except RenderError as error:
        raise error.within("failed to determine backend framework") from error


def _words(container: Mapping[str, object], key: str) -> list[str]:
    return [word for word in items(container, key) if isinstance(word, str)]


def _account(component: Component) -> str:
    """Return the account of the pods: the user's, the type's, the graph's, the namespace's (workloads 5.9)."""
    chosen = text(component.pod_overlay, "serviceAccountName") or component.type.account
    if chosen:
        return chosen
    if component.discovery is DiscoveryBackend.KUBERNETES:
        return discovery_account(component.parent)
    return min(component.surroundings.component_accounts, default=DEFAULT_ACCOUNT)  # W-60
