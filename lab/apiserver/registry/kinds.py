"""The built-in kinds: one line each, as discovery shows them.

Separate from how they are written (strategies) and printed (columns), so that the list can be read at a glance.
Invariant: what is not in this table is not served.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What discovery says of a built-in kind."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    create_only: bool = False


_ALL = ("all",)
_API = ("api-extensions",)
_STATUS = ("status",)
_SCALED = ("status", "scale")
_ADMISSION = "admissionregistration.k8s.io"
_RBAC = "rbac.authorization.k8s.io"
_NETWORK = "networking.k8s.io"
_AUTHORIZE = "authorization.k8s.io"
_AUTHENTICATE = "authentication.k8s.io"

KINDS: tuple[Kind, ...] = (
    Kind("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
    Kind("", "v1", "endpoints", "Endpoints", short_names=("ep",)),
    Kind("", "v1", "events", "Event", short_names=("ev",)),
    Kind("", "v1", "limitranges", "LimitRange", short_names=("limits",)),
    Kind("", "v1", "namespaces", "Namespace", False, ("ns",), (), ("status", "finalize")),
    Kind("", "v1", "nodes", "Node", False, ("no",), (), _STATUS),
    Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), (), _STATUS),
    Kind("", "v1", "persistentvolumes", "PersistentVolume", False, ("pv",), (), _STATUS),
    Kind("", "v1", "pods", "Pod", True, ("po",), _ALL, ("status", "binding", "eviction")),
    Kind("", "v1", "resourcequotas", "ResourceQuota", True, ("quota",), (), _STATUS),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "serviceaccounts", "ServiceAccount", short_names=("sa",)),
    Kind("", "v1", "services", "Service", True, ("svc",), _ALL, _STATUS),
    Kind("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Kind("apps", "v1", "daemonsets", "DaemonSet", True, ("ds",), _ALL, _STATUS),
    Kind("apps", "v1", "deployments", "Deployment", True, ("deploy",), _ALL, _SCALED),
    Kind("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), _ALL, _SCALED),
    Kind("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), _ALL, _SCALED),
    Kind(_AUTHENTICATE, "v1", "tokenreviews", "TokenReview", False, create_only=True),
    Kind(_AUTHENTICATE, "v1", "selfsubjectreviews", "SelfSubjectReview", False, create_only=True),
    Kind(_AUTHORIZE, "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", create_only=True),
    Kind(_AUTHORIZE, "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, create_only=True),
    Kind(_AUTHORIZE, "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, create_only=True),
    Kind(_AUTHORIZE, "v1", "subjectaccessreviews", "SubjectAccessReview", False, create_only=True),
    Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ("hpa",), _ALL, _STATUS),
    Kind("batch", "v1", "cronjobs", "CronJob", True, ("cj",), _ALL, _STATUS),
    Kind("batch", "v1", "jobs", "Job", True, (), _ALL, _STATUS),
    Kind(_NETWORK, "v1", "ingressclasses", "IngressClass", False),
    Kind(_NETWORK, "v1", "ingresses", "Ingress", True, ("ing",), (), _STATUS),
    Kind(_NETWORK, "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",)),
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), (), _STATUS),
    Kind(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Kind(_RBAC, "v1", "clusterroles", "ClusterRole", False),
    Kind(_RBAC, "v1", "rolebindings", "RoleBinding"),
    Kind(_RBAC, "v1", "roles", "Role"),
    Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", False, ("sc",)),
    Kind(_ADMISSION, "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", False, (), _API),
    Kind(_ADMISSION, "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", False, (), _API),
    Kind(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        False,
        ("crd", "crds"),
        _API,
        _STATUS,
    ),
    Kind("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False, ("pc",)),
    Kind("coordination.k8s.io", "v1", "leases", "Lease"),
    Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
)
