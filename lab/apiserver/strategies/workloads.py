"""Defaults and rules of pods and of the kinds that hold a pod template.

Separate from the core kinds, because five kinds share one template. Invariant: filling in twice changes nothing, so
parts of a document that are shared with the stored one are never changed.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import Cause

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_FIELD_SOURCES = ("configMap", "secret", "downwardAPI", "projected")


def default_pod_spec(spec: Document) -> None:
    """Fill in what a pod has when its author says nothing."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    elif spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"]
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _default_container(container: Document) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if "imagePullPolicy" not in container and isinstance(container.get("image"), str):
        container["imagePullPolicy"] = _pull_policy(container["image"])
    container.setdefault("resources", {})
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for name in _PROBES:
        if isinstance(container.get(name), dict):
            _default_probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and isinstance(hook.get("httpGet"), dict):
            _default_http(hook["httpGet"])
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if isinstance(reference, dict):
            reference.setdefault("apiVersion", "v1")
    _default_requests(container["resources"])


def _default_requests(resources: Document) -> None:
    limits = resources.get("limits")
    if not limits:
        return
    requests = resources.get("requests") or {}
    if any(name not in requests for name in limits):
        resources["requests"] = {**limits, **requests}


def _pull_policy(image: str) -> str:
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _default_probe(probe: Document) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    if isinstance(probe.get("httpGet"), dict):
        _default_http(probe["httpGet"])
    if isinstance(probe.get("grpc"), dict):
        probe["grpc"].setdefault("service", "")


def _default_http(action: Document) -> None:
    action.setdefault("path", "/")
    action.setdefault("scheme", "HTTP")


def _default_volume(volume: Document) -> None:
    for name in _FIELD_SOURCES:
        if isinstance(volume.get(name), dict):
            volume[name].setdefault("defaultMode", 420)
    for source in (volume.get("projected") or {}).get("sources") or ():
        if isinstance(source.get("serviceAccountToken"), dict):
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        _default_field_references(source.get("downwardAPI"))
    _default_field_references(volume.get("downwardAPI"))
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    if len(volume) == 1:
        volume["emptyDir"] = {}


def _default_field_references(source: Any) -> None:
    for item in (source or {}).get("items") or ():
        if isinstance(item.get("fieldRef"), dict):
            item["fieldRef"].setdefault("apiVersion", "v1")


def _template(document: Document) -> Document:
    spec: Document = document.setdefault("spec", {})
    template = spec.setdefault("template", {})
    if isinstance(template, dict) and isinstance(template.setdefault("spec", {}), dict):
        default_pod_spec(template["spec"])
    return spec


def default_pod(document: Document) -> None:
    """Fill in a pod, with what is mounted and tolerated everywhere left out."""
    spec = document.setdefault("spec", {})
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    if not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = spec["serviceAccount"] = "default"


def prepare_pod(document: Document, live: Document | None) -> None:
    """A new pod is pending."""
    if live is None:
        document["status"] = {"phase": "Pending", "qosClass": _qos_class(document["spec"])}


def pod_grace(document: Document, asked: int | None) -> int:
    """Return how many seconds a pod gets to end: none unless a node may be running it."""
    phase = (document.get("status") or {}).get("phase")
    if not document["spec"].get("nodeName") or phase in ("Failed", "Succeeded"):
        return 0
    if asked is None:
        return int(document["spec"].get("terminationGracePeriodSeconds", 30))
    return max(asked, 0)


def _qos_class(spec: Document) -> str:
    requests = limits = equal = 0
    containers = spec.get("containers") or []
    for container in containers:
        resources = container.get("resources") or {}
        requests += bool(resources.get("requests"))
        limits += bool(resources.get("limits"))
        wanted, most = resources.get("requests") or {}, resources.get("limits") or {}
        equal += {"cpu", "memory"} <= set(most) and all(wanted.get(name) == most[name] for name in ("cpu", "memory"))
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if equal == len(containers) else "Burstable"


def default_deployment(document: Document) -> None:
    """Fill in a Deployment."""
    spec = _template(document)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    document.setdefault("status", {})


def default_replica_set(document: Document) -> None:
    """Fill in a ReplicaSet."""
    _template(document).setdefault("replicas", 1)
    document.setdefault("status", {"replicas": 0})


def default_stateful_set(document: Document) -> None:
    """Fill in a StatefulSet."""
    spec = _template(document)
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {"phase": "Pending"})
    document.setdefault("status", {"replicas": 0, "availableReplicas": 0})


def default_daemon_set(document: Document) -> None:
    """Fill in a DaemonSet."""
    spec = _template(document)
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def default_job(document: Document) -> None:
    """Fill in a Job."""
    spec = _template(document)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    document.setdefault("status", {})


def prepare_job(document: Document, live: Document | None) -> None:
    """Give a Job its selector and its pods the labels that it selects by."""
    spec, metadata = document["spec"], document["metadata"]
    if live is not None or spec.get("manualSelector"):
        return
    uid, name = metadata["uid"], metadata["name"]
    template = spec.setdefault("template", {})
    inner = template["metadata"] = {**(template.get("metadata") or {})}
    inner["labels"] = {
        **(inner.get("labels") or {}),
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _required(field: str) -> Cause:
    return Cause("FieldValueRequired", field, "Required value")


def _immutable(field: str, value: Any) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {dumps(value).decode()}: field is immutable")


def _check_pod_spec(spec: Document, at: str) -> list[Cause]:
    if not spec.get("containers"):
        return [_required(f"{at}.containers")]
    causes: list[Cause] = []
    names: set[str] = set()
    for index, container in enumerate(spec["containers"]):
        name = container.get("name")
        if not name:
            causes.append(_required(f"{at}.containers[{index}].name"))
        elif name in names:
            text = f'Duplicate value: "{name}"'
            causes.append(Cause("FieldValueDuplicate", f"{at}.containers[{index}].name", text))
        names.add(name)
        if not container.get("image") and at != "spec":
            causes.append(_required(f"{at}.containers[{index}].image"))
    return causes + _check_mounts(spec, at)


def _check_mounts(spec: Document, at: str) -> list[Cause]:
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    return [
        Cause(
            "FieldValueNotFound",
            f"{at}.containers[{index}].volumeMounts[{position}].name",
            f'Not found: "{mount.get("name")}"',
        )
        for index, container in enumerate(spec["containers"])
        for position, mount in enumerate(container.get("volumeMounts") or ())
        if mount.get("name") not in volumes
    ]


_POD_MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName", "schedulingGates")


def check_pod(document: Document, live: Document | None) -> list[Cause]:
    """A pod has containers, and of a running one hardly anything changes."""
    causes = _check_pod_spec(document["spec"], "spec")
    if live is None:
        return causes
    if _without_mutable(document["spec"]) != _without_mutable(live["spec"]):
        text = (
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
            "negative)"
        )
        causes.append(Cause("FieldValueForbidden", "spec", text))
    before = live["spec"].get("nodeName")
    if before and document["spec"].get("nodeName") != before:
        causes.append(Cause("FieldValueForbidden", "spec.nodeName", "Forbidden: may not be changed once set"))
    return causes


def _without_mutable(spec: Document) -> Document:
    kept = {key: value for key, value in spec.items() if key not in _POD_MUTABLE}
    for field in ("containers", "initContainers"):
        if kept.get(field):
            kept[field] = [{key: value for key, value in item.items() if key != "image"} for item in kept[field]]
    return kept


def check_workload(document: Document, live: Document | None) -> list[Cause]:
    """A workload selects the pods of its own template, by a selector that never changes."""
    spec = document["spec"]
    template = spec.get("template") or {}
    selector = spec.get("selector") or {}
    causes: list[Cause] = []
    if not selector:
        causes.append(_required("spec.selector"))
    else:
        labels = (template.get("metadata") or {}).get("labels") or {}
        if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
            text = f"Invalid value: {dumps(labels).decode()}: `selector` does not match template `labels`"
            causes.append(Cause("FieldValueInvalid", "spec.template.metadata.labels", text))
    causes += _check_pod_spec(template.get("spec") or {}, "spec.template.spec")
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        causes.append(Cause("FieldValueInvalid", "spec.replicas", text))
    if live is not None and selector != live["spec"].get("selector"):
        causes.append(_immutable("spec.selector", selector))
    return causes


_STATEFUL_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def check_stateful_set(document: Document, live: Document | None) -> list[Cause]:
    """Of a StatefulSet only some fields change."""
    causes = check_workload(document, None)
    if live is not None:
        kept = {key: value for key, value in document["spec"].items() if key not in _STATEFUL_MUTABLE}
        before = {key: value for key, value in live["spec"].items() if key not in _STATEFUL_MUTABLE}
        if kept != before:
            listed = ", ".join(f"'{name}'" for name in _STATEFUL_MUTABLE[:-1])
            text = f"Forbidden: updates to statefulset spec for fields other than {listed} and 'minReadySeconds' "
            text += "are forbidden"
            causes.append(Cause("FieldValueForbidden", "spec", text))
    return causes


def check_job(document: Document, live: Document | None) -> list[Cause]:
    """The pods of a Job end, and its template never changes."""
    spec = document["spec"]
    template = spec.get("template") or {}
    inner = template.get("spec") or {}
    causes = _check_pod_spec(inner, "spec.template.spec")
    if inner.get("restartPolicy") not in ("OnFailure", "Never"):
        text = f'Unsupported value: "{inner.get("restartPolicy")}": supported values: "OnFailure", "Never"'
        causes.append(Cause("FieldValueNotSupported", "spec.template.spec.restartPolicy", text))
    if live is not None:
        for field in ("selector", "completionMode"):
            if spec.get(field) != live["spec"].get(field):
                causes.append(_immutable(f"spec.{field}", spec.get(field)))
        if template != live["spec"].get("template") and not live["spec"].get("suspend"):
            causes.append(_immutable("spec.template", template))
    return causes
