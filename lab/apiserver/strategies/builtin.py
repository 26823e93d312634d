"""Decides which strategy a built-in kind has; kinds without an entry need only what every object needs.

Separate from the strategies themselves, so that adding one is one line. Invariant: every lookup answers something.
"""

from __future__ import annotations

from lab.apiserver.strategies import core, definitions, pods, workloads
from lab.apiserver.strategies.names import label_name, path_segment, service_name
from lab.apiserver.strategies.naming import CLEANUP
from lab.apiserver.strategies.strategy import Strategy

PLAIN = Strategy()
_RBAC = Strategy(check_name=path_segment)
_COUNTED = Strategy(counts_generation=True)

_STRATEGIES: dict[tuple[str, str], Strategy] = {
    ("", "namespaces"): Strategy(
        default=core.default_namespace,
        prepare=core.prepare_namespace,
        begin_deletion=core.end_namespace,
        check_name=label_name,
    ),
    ("", "nodes"): Strategy(default=core.default_node),
    ("", "pods"): Strategy(
        counts_generation=True,
        default=pods.default_pod,
        prepare=pods.prepare_pod,
        check=pods.check_pod,
        grace=pods.pod_grace,
    ),
    ("", "secrets"): Strategy(default=core.default_secret, check=core.check_secret),
    ("", "configmaps"): Strategy(check=core.check_config_map),
    ("", "services"): Strategy(default=core.default_service, check=core.check_service, check_name=service_name),
    ("", "persistentvolumeclaims"): Strategy(default=core.default_claim, check=core.check_claim),
    ("apps", "deployments"): Strategy(
        counts_generation=True, default=workloads.default_deployment, check=workloads.check_workload
    ),
    ("apps", "replicasets"): Strategy(
        counts_generation=True, default=workloads.default_replica_set, check=workloads.check_workload
    ),
    ("apps", "statefulsets"): Strategy(
        counts_generation=True, default=workloads.default_stateful_set, check=workloads.check_stateful_set
    ),
    ("apps", "daemonsets"): Strategy(
        counts_generation=True, default=workloads.default_daemon_set, check=workloads.check_workload
    ),
    ("batch", "jobs"): Strategy(
        counts_generation=True, default=workloads.default_job, prepare=workloads.prepare_job, check=workloads.check_job
    ),
    ("batch", "cronjobs"): _COUNTED,
    ("networking.k8s.io", "ingresses"): _COUNTED,
    ("networking.k8s.io", "networkpolicies"): _COUNTED,
    ("policy", "poddisruptionbudgets"): _COUNTED,
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): Strategy(
        counts_generation=True, default=core.default_webhooks
    ),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): Strategy(
        counts_generation=True, default=core.default_webhooks
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): Strategy(
        counts_generation=True,
        default=definitions.default_definition,
        prepare=definitions.prepare_definition,
        finish=definitions.finish_definition,
        check=definitions.check_definition,
        has_own_schema=True,
        own_finalizers=(CLEANUP,),
        begin_deletion=definitions.begin_deletion,
    ),
    ("rbac.authorization.k8s.io", "roles"): _RBAC,
    ("rbac.authorization.k8s.io", "clusterroles"): _RBAC,
    ("rbac.authorization.k8s.io", "rolebindings"): Strategy(
        check_name=path_segment, default=core.default_binding, check=core.check_binding
    ),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): Strategy(
        check_name=path_segment, default=core.default_binding, check=core.check_binding
    ),
}


def strategy_of(group: str, plural: str) -> Strategy:
    """Return how objects of a built-in resource are written."""
    return _STRATEGIES.get((group, plural), PLAIN)
