"""Decides what kubectl prints of a built-in kind: one function per cell.

Separate from the table itself. Invariant: a cell is made from one object alone, and never fails on a sparse one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lab.apiserver.documents import Document
from lab.apiserver.registry.columns import Column
from lab.apiserver.views.ages import age, human_duration
from lab.apiserver.views.pod_states import pod_state

_NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_CREATED_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


def _at(path: str, default: Any = "") -> Callable[[Document], Any]:
    parts = path.split(".")

    def read(document: Document) -> Any:
        value: Any = document
        for part in parts:
            if not isinstance(value, dict):
                return default
            value = value.get(part)
        return default if value is None else value

    return read


def _size(path: str) -> Callable[[Document], int]:
    read = _at(path, ())
    return lambda document: len(read(document))


def _joined(path: str) -> Callable[[Document], str]:
    read = _at(path, ())
    return lambda document: ",".join(str(item) for item in read(document)) or "<none>"


def _column(name: str, value: Callable[[Document], Any], kind: str = "string", priority: int = 0) -> Column:
    return Column(name, kind, value, priority=priority)


NAME = Column("Name", "string", _at("metadata.name"), "name", _NAME_TEXT)
CREATED = Column("Created At", "date", _at("metadata.creationTimestamp", None), "", _CREATED_TEXT)
AGE = Column("Age", "string", lambda document: age(document["metadata"].get("creationTimestamp")), "", _CREATED_TEXT)


def _containers(document: Document) -> list[Document]:
    found: list[Document] = _at("spec.template.spec.containers", [])(document) or _at("spec.containers", [])(document)
    return found


def _names(document: Document) -> str:
    return ",".join(container.get("name", "") for container in _containers(document))


def _images(document: Document) -> str:
    return ",".join(container.get("image", "") for container in _containers(document))


def _selector(document: Document) -> str:
    selector = _at("spec.selector", {})(document)
    labels = selector.get("matchLabels", selector if "matchExpressions" not in selector else {})
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def _pod_ready(document: Document) -> str:
    statuses = _at("status.containerStatuses", [])(document)
    return f"{sum(1 for status in statuses if status.get('ready'))}/{len(_at('spec.containers', [])(document))}"


def _pod_restarts(document: Document) -> str:
    return str(sum(status.get("restartCount", 0) for status in _at("status.containerStatuses", ())(document)))


def _node_status(document: Document) -> str:
    conditions = {item.get("type"): item.get("status") for item in _at("status.conditions", ())(document)}
    status = {"True": "Ready", None: "Unknown"}.get(conditions.get("Ready"), "NotReady")
    return status + (",SchedulingDisabled" if _at("spec.unschedulable", False)(document) else "")


def _node_roles(document: Document) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = document["metadata"].get("labels") or {}
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or "<none>"


def _node_address(kind: str) -> Callable[[Document], str]:
    def read(document: Document) -> str:
        addresses = _at("status.addresses", ())(document)
        return next((item.get("address", "") for item in addresses if item.get("type") == kind), "<none>")

    return read


def _ports(document: Document) -> str:
    shown = []
    for port in _at("spec.ports", ())(document):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(shown) or "<none>"


def _external(document: Document) -> str:
    return str(_at("spec.externalName")(document) or "<none>")


def _slice_ports(document: Document) -> str:
    return ",".join(str(port.get("port")) for port in document.get("ports") or ()) or "<unset>"


def _slice_addresses(document: Document) -> str:
    found = [address for endpoint in document.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "") or "<unset>"


def _endpoints(document: Document) -> str:
    found = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in document.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or [{}]
    ]
    return ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "") or "<none>"


def _event_object(document: Document) -> str:
    about = document.get("involvedObject") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _event_seen(document: Document) -> str:
    stamp = document.get("lastTimestamp") or document.get("eventTime")
    return age(stamp or document["metadata"].get("creationTimestamp"))


def _job_status(document: Document) -> str:
    for condition in _at("status.conditions", ())(document):
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            return str(condition["type"])
    return "Suspended" if _at("spec.suspend", False)(document) else "Running"


def _job_completions(document: Document) -> str:
    wanted = _at("spec.completions", None)(document)
    return f"{_at('status.succeeded', 0)(document)}/{wanted if wanted is not None else '1'}"


def _job_duration(document: Document) -> str:
    start, end = _at("status.startTime")(document), _at("status.completionTime")(document)
    if not start:
        return ""
    if not end:
        return age(start)
    return human_duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def _role(document: Document) -> str:
    role = document.get("roleRef") or {}
    return f"{role.get('kind')}/{role.get('name')}"


def _ratio(ready: str, wanted: str) -> Callable[[Document], str]:
    return lambda document: f"{_at(ready, 0)(document)}/{_at(wanted, 0)(document)}"


_TEMPLATE = (
    _column("Containers", _names, priority=1),
    _column("Images", _images, priority=1),
    _column("Selector", _selector, priority=1),
)

_COLUMNS: dict[tuple[str, str], tuple[Column, ...]] = {
    ("", "pods"): (
        NAME,
        _column("Ready", _pod_ready),
        _column("Status", pod_state),
        _column("Restarts", _pod_restarts),
        AGE,
        _column("IP", _at("status.podIP", "<none>"), priority=1),
        _column("Node", _at("spec.nodeName", "<none>"), priority=1),
        _column("Nominated Node", _at("status.nominatedNodeName", "<none>"), priority=1),
        _column("Readiness Gates", lambda _document: "<none>", priority=1),
    ),
    ("", "nodes"): (
        NAME,
        _column("Status", _node_status),
        _column("Roles", _node_roles),
        AGE,
        _column("Version", _at("status.nodeInfo.kubeletVersion")),
        _column("Internal-IP", _node_address("InternalIP"), priority=1),
        _column("External-IP", _node_address("ExternalIP"), priority=1),
        _column("OS-Image", _at("status.nodeInfo.osImage", "<unknown>"), priority=1),
        _column("Kernel-Version", _at("status.nodeInfo.kernelVersion", "<unknown>"), priority=1),
        _column("Container-Runtime", _at("status.nodeInfo.containerRuntimeVersion", "<unknown>"), priority=1),
    ),
    ("", "namespaces"): (NAME, _column("Status", _at("status.phase")), AGE),
    ("", "configmaps"): (NAME, _column("Data", _size("data")), AGE),
    ("", "secrets"): (NAME, _column("Type", _at("type")), _column("Data", _size("data")), AGE),
    ("", "serviceaccounts"): (NAME, AGE),
    ("", "services"): (
        NAME,
        _column("Type", _at("spec.type")),
        _column("Cluster-IP", _at("spec.clusterIP", "<none>")),
        _column("External-IP", _external),
        _column("Port(s)", _ports),
        AGE,
        _column("Selector", _selector, priority=1),
    ),
    ("", "endpoints"): (NAME, _column("Endpoints", _endpoints), AGE),
    ("", "events"): (
        _column("Last Seen", _event_seen),
        _column("Type", _at("type")),
        _column("Reason", _at("reason")),
        _column("Object", _event_object),
        _column("Subobject", _at("involvedObject.fieldPath"), priority=1),
        _column("Source", _at("source.component"), priority=1),
        _column("Message", lambda document: str(document.get("message", "")).strip()),
        _column("Count", _at("count", 1), "integer", priority=1),
        Column("Name", "string", _at("metadata.name"), "name", _NAME_TEXT, 1),
    ),
    ("", "persistentvolumeclaims"): (
        NAME,
        _column("Status", _at("status.phase")),
        _column("Volume", _at("spec.volumeName")),
        _column("Capacity", _at("status.capacity.storage")),
        _column("Access Modes", _joined("spec.accessModes")),
        _column("StorageClass", _at("spec.storageClassName")),
        AGE,
    ),
    ("apps", "deployments"): (
        NAME,
        _column("Ready", _ratio("status.readyReplicas", "spec.replicas")),
        _column("Up-to-date", _at("status.updatedReplicas", 0), "integer"),
        _column("Available", _at("status.availableReplicas", 0), "integer"),
        AGE,
        *_TEMPLATE,
    ),
    ("apps", "replicasets"): (
        NAME,
        _column("Desired", _at("spec.replicas", 0), "integer"),
        _column("Current", _at("status.replicas", 0), "integer"),
        _column("Ready", _at("status.readyReplicas", 0), "integer"),
        AGE,
        *_TEMPLATE,
    ),
    ("apps", "statefulsets"): (
        NAME,
        _column("Ready", _ratio("status.readyReplicas", "spec.replicas")),
        AGE,
        *_TEMPLATE[:2],
    ),
    ("batch", "jobs"): (
        NAME,
        _column("Status", _job_status),
        _column("Completions", _job_completions),
        _column("Duration", _job_duration),
        AGE,
        *_TEMPLATE,
    ),
    ("rbac.authorization.k8s.io", "roles"): (NAME, CREATED),
    ("rbac.authorization.k8s.io", "clusterroles"): (NAME, CREATED),
    ("rbac.authorization.k8s.io", "rolebindings"): (NAME, _column("Role", _role), AGE),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): (NAME, _column("Role", _role), AGE),
    ("coordination.k8s.io", "leases"): (NAME, _column("Holder", _at("spec.holderIdentity")), AGE),
    ("discovery.k8s.io", "endpointslices"): (
        NAME,
        _column("AddressType", _at("addressType")),
        _column("Ports", _slice_ports),
        _column("Endpoints", _slice_addresses),
        AGE,
    ),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): (
        NAME,
        _column("Webhooks", _size("webhooks")),
        AGE,
    ),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): (
        NAME,
        _column("Webhooks", _size("webhooks")),
        AGE,
    ),
    ("networking.k8s.io", "ingresses"): (
        NAME,
        _column("Class", _at("spec.ingressClassName", "<none>")),
        _column(
            "Hosts", lambda document: ",".join(rule.get("host", "*") for rule in _at("spec.rules", ())(document)) or "*"
        ),
        _column("Address", lambda _document: ""),
        _column("Ports", lambda document: "80, 443" if _at("spec.tls")(document) else "80"),
        AGE,
    ),
    ("storage.k8s.io", "storageclasses"): (NAME, _column("Provisioner", _at("provisioner")), AGE),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (NAME, CREATED),
}


def columns_of(group: str, plural: str) -> tuple[Column, ...]:
    """Return the columns of a built-in resource."""
    return _COLUMNS.get((group, plural), (NAME, AGE))
