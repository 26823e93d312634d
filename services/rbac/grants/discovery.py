"""The account, Role and binding with which the pods of one graph discover each other (control 3.3, 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from services.rbac.grants.labels import labels_for
from shared.core import labels
from shared.core.json import Manifest
from shared.core.resources import GRAPHS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, Resource

KUBERNETES, ETCD = "kubernetes", "etcd"
BACKENDS = frozenset({KUBERNETES, ETCD})

_READ = ["get", "list", "watch"]
RULES = [
    {"apiGroups": [""], "resources": ["endpoints"], "verbs": _READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {
        "apiGroups": ["nvidia.com"],
        "resources": ["dynamoworkermetadatas"],
        "verbs": ["create", "get", "list", "watch", "update", "patch", "delete"],
    },
]


def effective_backend(annotations: Mapping[str, str], default: str) -> str:
    """Return the discovery back end of a graph; a value that is none falls back to the default (D-23)."""
    asked = annotations.get(labels.DISCOVERY_BACKEND, default)
    return asked if asked in BACKENDS else default


def account_name(graph: str) -> str:
    """Return the name of a graph's discovery account."""
    return f"{graph}-k8s-service-discovery"


def grants(graph: str, namespace: str, uid: str) -> list[Manifest]:
    """Return the three objects of a graph, controlled by it."""
    account = account_name(graph)
    role, binding = f"{account}-role", f"{account}-binding"
    owner = {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "name": graph,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }

    def an_object(resource: Resource, name: str, **content: object) -> Manifest:
        metadata = {
            "name": name,
            "namespace": namespace,
            "labels": labels_for(account),
            "ownerReferences": [owner],
        }
        return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}

    return [
        an_object(SERVICE_ACCOUNTS, account),
        an_object(ROLES, role, rules=RULES),
        an_object(
            ROLE_BINDINGS,
            binding,
            roleRef={"apiGroup": ROLES.group, "kind": ROLES.kind, "name": role},
            subjects=[{"kind": SERVICE_ACCOUNTS.kind, "name": account, "namespace": namespace}],
        ),
    ]
