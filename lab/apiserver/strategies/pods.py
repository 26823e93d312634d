"""Defaults and rules of pods: what every container and volume gets, and what may change of a pod that runs.

Separate from the kinds that hold a pod template, which share it. Invariant: filling in twice changes nothing, so parts
of a document that are shared with the stored one are never changed.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.documents import Document
from lab.apiserver.errors import Cause

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_FIELD_SOURCES = ("configMap", "secret", "downwardAPI", "projected")
_POD_MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName", "schedulingGates")


def required(field: str) -> Cause:
    """Say that a field must be there."""
    return Cause("FieldValueRequired", field, "Required value")


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


def check_pod_spec(spec: Document, at: str) -> list[Cause]:
    """Return what is wrong with a pod, given where its spec stands."""
    if not spec.get("containers"):
        return [required(f"{at}.containers")]
    causes: list[Cause] = []
    names: set[str] = set()
    for index, container in enumerate(spec["containers"]):
        name = container.get("name")
        if not name:
            causes.append(required(f"{at}.containers[{index}].name"))
        elif name in names:
            text = f'Duplicate value: "{name}"'
            causes.append(Cause("FieldValueDuplicate", f"{at}.containers[{index}].name", text))
        names.add(name)
        if not container.get("image") and at != "spec":
            causes.append(required(f"{at}.containers[{index}].image"))
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


def check_pod(document: Document, live: Document | None) -> list[Cause]:
    """A pod has containers, and of a running one hardly anything changes."""
    causes = check_pod_spec(document["spec"], "spec")
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
