"""The SSH keys with which the nodes of a TensorRT-LLM worker start each other: who needs them, and the copies (9.7).

Pods can only mount secrets of their own namespace, so a namespace with such a graph gets a copy, and no other (W-05).
A copy is labelled, names its source, and says which version it holds, so that it can follow. A secret of that name
without the label is the user's, and used as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.backends.detection import backend
from services.reconciler.desired.backends.trtllm import TRTLLM
from services.reconciler.desired.component_types.registry import component_type
from services.reconciler.desired.problems import Problem, RenderError
from shared.api.platform import MpiSecret
from shared.core.json import Manifest, digest, integer, items, mapping, text
from shared.core.objects import annotations_of, labels_of, name_of, namespace_of, uid_of, version_of
from shared.core.resources import SECRETS, Ref

CANNOT_REPLICATE = "failed to replicate MPI secret"
SOURCE = "nvidia.com/source-secret"
VERSION = "nvidia.com/source-version"
MANAGED_BY = "nvidia.com/managed-by"
OPERATOR = "dynamo-operator"


def spans_nodes(graph: Mapping[str, object]) -> bool:
    """Return whether a replica of some service spans several nodes; what the view holds of a graph is enough."""
    services = mapping(graph, "spec", "services").values()
    return any(integer(service, "multinode", "nodeCount") > 1 for service in services)


def needs_ssh_keys(graph: Manifest) -> bool:
    """Return whether a service runs TensorRT-LLM on several nodes; one that nobody understands does not count."""
    framework = text(graph, "spec", "backendFramework")
    return any(
        integer(service, "multinode", "nodeCount") > 1 and _runs_trtllm(service, framework)
        for service in mapping(graph, "spec", "services").values()
    )


def source_ref(settings: MpiSecret) -> Ref:
    """Return where the keys are; without a namespace nobody has said."""
    return Ref(SECRETS, settings.ssh_secret_namespace, settings.ssh_secret_name)


def version_of_source(secret: Manifest) -> str:
    """Return what changes whenever the secret does; nothing of its content enters it."""
    return digest([uid_of(secret), version_of(secret)])


def is_copy(secret: Manifest) -> bool:
    """Return whether a secret is a copy of ours, and not the user's own."""
    return labels_of(secret).get(MANAGED_BY) == OPERATOR and SOURCE in annotations_of(secret)


def copied_version(secret: Manifest) -> str:
    """Return which version of its source a copy holds."""
    return annotations_of(secret).get(VERSION, "")


def ssh_copy(source: Manifest, namespace: str) -> Manifest:
    """Return the copy of the source for one namespace: the same type and data; nobody owns it, for graphs share it."""
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "metadata": {
            "name": name_of(source),
            "namespace": namespace,
            "labels": {MANAGED_BY: OPERATOR},
            "annotations": _origin(source),
        },
        "type": text(source, "type"),
        "data": dict(mapping(source, "data")),
    }


def refreshed(copy: Manifest, source: Manifest) -> list[Mapping[str, object]]:
    """Return the JSON patch that makes a copy hold what its source holds now. Guarded by uid and version."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid_of(copy)},
        {"op": "test", "path": "/metadata/resourceVersion", "value": str(version_of(copy))},
        {"op": "add", "path": "/data", "value": dict(mapping(source, "data"))},
        {"op": "add", "path": "/metadata/annotations", "value": {**annotations_of(copy), **_origin(source)}},
    ]


def unreplicated(source: Ref, why: str) -> Problem:
    """Return the problem of a graph whose nodes have no keys to start each other with."""
    home = source.namespace or "an unnamed namespace"
    return Problem(
        f"Secret {home}/{source.name}",
        f"{CANNOT_REPLICATE}: {why}",
        "SshSecretMissing",
        f"create Secret {source.name} with private.key and private.key.pub in {home}, or in the graph's own namespace"
        if source.namespace
        else "set platform.mpi.sshSecretNamespace, or create the secret in the graph's own namespace",
    )


def no_source(source: Ref) -> Problem:
    """Return the problem of a source that does not exist."""
    missing = f'Secret "{source.name}" not found' if source.namespace else "platform.mpi.sshSecretNamespace is empty"
    return unreplicated(source, f"error getting source secret: {missing}")


def _origin(source: Manifest) -> dict[str, str]:
    return {SOURCE: f"{namespace_of(source)}/{name_of(source)}", VERSION: version_of_source(source)}


def _runs_trtllm(service: object, framework: str) -> bool:
    if not component_type(text(service, "componentType")).runs_backend:
        return False
    container = mapping(service, "extraPodSpec", "mainContainer")
    try:
        return backend(_words(container, "command"), _words(container, "args"), framework) is TRTLLM
    except RenderError:
        return False


def _words(container: Mapping[str, object], key: str) -> list[str]:
    return [word for word in items(container, key) if isinstance(word, str)]
