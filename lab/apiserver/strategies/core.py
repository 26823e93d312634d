"""Defaults and rules of the core kinds: what the server fills in, and what it refuses beyond the schema.

Separate from workloads, which share a pod template. Invariant: filling in twice changes nothing, so parts of a
document that are shared with the stored one are never changed.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import Cause


def _required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", field, f"Required value: {why}" if why else "Required value")


def _immutable(field: str, value: Any) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {dumps(value).decode()}: field is immutable")


def default_namespace(document: Document) -> None:
    """A namespace carries its name as a label, so that selectors can name it."""
    metadata = document["metadata"]
    if metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}


def prepare_namespace(document: Document, live: Document | None) -> None:
    """Give a namespace its finalizer and its phase."""
    if live is None:
        document["spec"] = {"finalizers": ["kubernetes"]}
        document["status"] = {"phase": "Active"}
    else:
        document["spec"] = live.get("spec") or {}


def end_namespace(document: Document) -> None:
    """A namespace that is being deleted says so in its phase."""
    document["status"] = {**(document.get("status") or {}), "phase": "Terminating"}


def default_node(document: Document) -> None:
    """A node always has a spec."""
    document.setdefault("spec", {})


def default_secret(document: Document) -> None:
    """A secret without a type is opaque; stringData, which is write-only, moves into data."""
    document.setdefault("type", "Opaque")
    texts = document.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
        document["data"] = {**(document.get("data") or {}), **encoded}


def check_secret(document: Document, live: Document | None) -> list[Cause]:
    """Data must be base64; type, and data that was sealed, never change."""
    causes: list[Cause] = []
    for key, value in (document.get("data") or {}).items():
        try:
            base64.b64decode(value or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            causes.append(Cause("FieldValueInvalid", f"data[{key}]", "Invalid value: illegal base64 data"))
    if live is not None and live.get("type") != document.get("type"):
        causes.append(_immutable("type", document.get("type")))
    return causes + _check_sealed(document, live, ("data",))


def check_config_map(document: Document, live: Document | None) -> list[Cause]:
    """Data that was sealed never changes, and no key stands in both maps."""
    both = set(document.get("data") or {}) & set(document.get("binaryData") or {})
    causes = [
        Cause("FieldValueInvalid", f"data[{key}]", f'Invalid value: "{key}": duplicate of key present in binaryData')
        for key in sorted(both)
    ]
    return causes + _check_sealed(document, live, ("data", "binaryData"))


def _check_sealed(document: Document, live: Document | None, fields: tuple[str, ...]) -> list[Cause]:
    if live is None or not live.get("immutable"):
        return []
    causes = [
        Cause("FieldValueForbidden", field, "Forbidden: field is immutable when `immutable` is set")
        for field in fields
        if document.get(field) != live.get(field)
    ]
    if not document.get("immutable"):
        causes.append(
            Cause("FieldValueForbidden", "immutable", "Forbidden: field is immutable when `immutable` is set")
        )
    return causes


def default_service(document: Document) -> None:
    """Fill in what a Service has when its author says nothing."""
    spec = document.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("ipFamilies", ["IPv4"])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if "targetPort" not in port and "port" in port:
            port["targetPort"] = port["port"]
    document.setdefault("status", {"loadBalancer": {}})


def check_service(document: Document, live: Document | None) -> list[Cause]:
    """A Service has ports unless it is headless or external; its address stays."""
    spec = document["spec"]
    causes: list[Cause] = []
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(_required("spec.ports"))
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            causes.append(_required(f"spec.ports[{index}].name"))
        number = port.get("port")
        if isinstance(number, int) and not 1 <= number <= 65535:
            text = f"Invalid value: {number}: must be between 1 and 65535, inclusive"
            causes.append(Cause("FieldValueInvalid", f"spec.ports[{index}].port", text))
    before = (live or {}).get("spec", {})
    is_internal = "ExternalName" not in (before.get("type"), spec.get("type"))
    if is_internal and before.get("clusterIP") and spec.get("clusterIP") != before["clusterIP"]:
        causes.append(_immutable("spec.clusterIPs[0]", spec.get("clusterIP")))
    return causes


def default_claim(document: Document) -> None:
    """Fill in what a claim has when its author says nothing."""
    document.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    document.setdefault("status", {"phase": "Pending"})


def check_claim(document: Document, live: Document | None) -> list[Cause]:
    """A claim says how it is accessed and how much it asks for; of a bound one only the size may grow."""
    spec = document["spec"]
    causes: list[Cause] = []
    if not spec.get("accessModes"):
        causes.append(_required("spec.accessModes", "at least 1 access mode is required"))
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        causes.append(_required("spec.resources[storage]"))
    if live is not None:
        kept = {key: value for key, value in spec.items() if key not in ("resources", "volumeName")}
        before = {key: value for key, value in live["spec"].items() if key not in ("resources", "volumeName")}
        if kept != before:
            text = (
                "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName "
                "for bound claims"
            )
            causes.append(Cause("FieldValueForbidden", "spec", text))
    return causes


def default_binding(document: Document) -> None:
    """Subjects and the role know their API group."""
    role = document.get("roleRef")
    if isinstance(role, dict):
        role.setdefault("apiGroup", "rbac.authorization.k8s.io")
    for subject in document.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", "rbac.authorization.k8s.io")


def check_binding(document: Document, live: Document | None) -> list[Cause]:
    """A binding names a role, and never another one later."""
    role = document.get("roleRef") or {}
    causes = [_required(f"roleRef.{field}") for field in ("name",) if not role.get(field)]
    if live is not None and live.get("roleRef") != document.get("roleRef"):
        text = f"Invalid value: {dumps(role).decode()}: cannot change roleRef"
        causes.append(Cause("FieldValueInvalid", "roleRef", text))
    for index, subject in enumerate(document.get("subjects") or ()):
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            causes.append(_required(f"subjects[{index}].namespace"))
    return causes


def default_webhooks(document: Document) -> None:
    """Fill in what a webhook has when its author says nothing."""
    for webhook in document.get("webhooks") or ():
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("matchPolicy", "Equivalent")
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        webhook.setdefault("timeoutSeconds", 10)
        if document.get("kind") == "MutatingWebhookConfiguration":
            webhook.setdefault("reinvocationPolicy", "Never")
        service = (webhook.get("clientConfig") or {}).get("service")
        if isinstance(service, dict):
            service.setdefault("port", 443)
        for rule in webhook.get("rules") or ():
            rule.setdefault("scope", "*")
