"""The planner's account and binding, which all graphs of a namespace share (control 3.1, RB-06 to RB-12).

They have no owner: the reference leaves them when the last graph goes, and so do we.
"""

from __future__ import annotations

from services.rbac.grants.labels import labels_for
from shared.core.json import Manifest
from shared.core.resources import ROLE_BINDINGS, SERVICE_ACCOUNTS, Ref

ACCOUNT = "planner-serviceaccount"
BINDING = f"{ACCOUNT}-binding"
STAND_IN = f"{BINDING}-next"


def primary(namespace: str) -> Ref:
    """Return the object that stands for a namespace's shared accounts in the queue."""
    return Ref(SERVICE_ACCOUNTS, namespace, ACCOUNT)


def binding_ref(namespace: str) -> Ref:
    """Return the address of the planner's binding."""
    return Ref(ROLE_BINDINGS, namespace, BINDING)


def stand_in_ref(namespace: str) -> Ref:
    """Return the address of the binding that holds the rights while the planner's own is replaced."""
    return Ref(ROLE_BINDINGS, namespace, STAND_IN)


def refs(namespace: str) -> tuple[Ref, ...]:
    """Return the addresses of everything that a namespace's graphs share."""
    return (primary(namespace), binding_ref(namespace), stand_in_ref(namespace))


def service_account(namespace: str) -> Manifest:
    """Return the planner's account."""
    return {
        "apiVersion": SERVICE_ACCOUNTS.api_version,
        "kind": SERVICE_ACCOUNTS.kind,
        "metadata": {"name": ACCOUNT, "namespace": namespace, "labels": labels_for(ACCOUNT)},
    }


def role_binding(namespace: str, cluster_role: str) -> Manifest:
    """Return the binding of the planner's account to the installation's ClusterRole."""
    return {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {"name": BINDING, "namespace": namespace, "labels": labels_for(ACCOUNT)},
        "roleRef": {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": cluster_role},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}],
    }


def stand_in(namespace: str, cluster_role: str) -> Manifest:
    """Return the binding that holds the rights while the planner's own is replaced (D-20)."""
    binding = role_binding(namespace, cluster_role)
    return {**binding, "metadata": {**binding["metadata"], "name": STAND_IN}}


def missing_role_message(cluster_role: str) -> str:
    """Return the text of RB-04."""
    return f'cluster role "{cluster_role}" does not exist: ensure it is created by Helm before deploying components'
