"""Defaults and rules of the kinds that hold a pod template.

Separate from pods themselves. Invariant: filling in twice changes nothing, so parts of a document that are shared with
the stored one are never changed.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import Cause
from lab.apiserver.strategies.pods import check_pod_spec, default_pod_spec, required


def _template(document: Document) -> Document:
    spec: Document = document.setdefault("spec", {})
    template = spec.setdefault("template", {})
    if isinstance(template, dict) and isinstance(template.setdefault("spec", {}), dict):
        default_pod_spec(template["spec"])
    return spec


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


def _immutable(field: str, value: Any) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {dumps(value).decode()}: field is immutable")


def check_workload(document: Document, live: Document | None) -> list[Cause]:
    """A workload selects the pods of its own template, by a selector that never changes."""
    spec = document["spec"]
    template = spec.get("template") or {}
    selector = spec.get("selector") or {}
    causes: list[Cause] = []
    if not selector:
        causes.append(required("spec.selector"))
    else:
        labels = (template.get("metadata") or {}).get("labels") or {}
        if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
            text = f"Invalid value: {dumps(labels).decode()}: `selector` does not match template `labels`"
            causes.append(Cause("FieldValueInvalid", "spec.template.metadata.labels", text))
    causes += check_pod_spec(template.get("spec") or {}, "spec.template.spec")
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
    causes = check_pod_spec(inner, "spec.template.spec")
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
