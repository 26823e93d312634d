"""Decides which EndpointSlices a Service has, from its selector and the pods.

Pure. Labels, ports and conditions are those of Kubernetes' endpoint slice controller. Invariant: the same pods give the
same slices in the same order, so that a Service at rest is never written.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from lab.simulator.client.resources import ENDPOINT_SLICES, SERVICES, Document
from lab.simulator.objects import controller_reference, has_ended, is_deleting, is_pod_ready, labels_of, matches

SERVICE_NAME: Final = "kubernetes.io/service-name"
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
OUR_NAME: Final = "endpointslice-controller.k8s.io"
HEADLESS: Final = "service.kubernetes.io/headless"
MOST_ENDPOINTS: Final = 100

Ports = tuple[tuple[str, str, int, str], ...]


def selects(service: Document, pod: Document) -> bool:
    """Say whether `service` stands for `pod`."""
    selector: Mapping[str, str] = service["spec"].get("selector") or {}
    return bool(selector) and matches({"matchLabels": selector}, labels_of(pod))


def wants_slices(service: Document) -> bool:
    """Say whether slices are made for `service` at all."""
    spec: Document = service["spec"]
    return bool(spec.get("selector")) and str(spec.get("type")) != "ExternalName"


def endpoint_slices(service: Document, pods: Sequence[Document]) -> list[Document]:
    """Return the slices without names; one without endpoints where no pod is found."""
    by_ports: dict[Ports, list[Document]] = {}
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["name"])):
        if not has_ended(pod) and (pod.get("status") or {}).get("podIP"):
            by_ports.setdefault(_ports(service, pod), []).append(_endpoint(service, pod))
    if not by_ports:
        return [_slice(service, (), [])]
    return [
        _slice(service, ports, endpoints[start : start + MOST_ENDPOINTS])
        for ports, endpoints in sorted(by_ports.items())
        for start in range(0, len(endpoints), MOST_ENDPOINTS)
    ]


def is_same(wanted: Document, present: Document) -> bool:
    """Say whether the slice that is there says what is wanted."""
    wanted_content = wanted["endpoints"], wanted["ports"], wanted["metadata"]["labels"]
    present_content = present.get("endpoints") or [], present.get("ports") or [], labels_of(present)
    return bool(wanted_content == present_content)


def _slice(service: Document, ports: Ports, endpoints: list[Document]) -> Document:
    metadata = service["metadata"]
    labels = {**labels_of(service), SERVICE_NAME: metadata["name"], MANAGED_BY: OUR_NAME}
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS] = ""
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [controller_reference(service, api_version=SERVICES.api_version, kind=SERVICES.kind)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [
            {"name": name, "protocol": protocol, "port": port} | ({"appProtocol": app} if app else {})
            for name, protocol, port, app in ports
        ],
    }


def _endpoint(service: Document, pod: Document) -> Document:
    is_ready, is_terminating = is_pod_ready(pod), is_deleting(pod)
    publishes_all = bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint: Document = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": publishes_all or (is_ready and not is_terminating),
            "serving": is_ready,
            "terminating": is_terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
    }
    if pod["spec"].get("nodeName"):
        endpoint["nodeName"] = pod["spec"]["nodeName"]
    if pod["spec"].get("subdomain") == service["metadata"]["name"] and pod["spec"].get("hostname"):
        endpoint["hostname"] = pod["spec"]["hostname"]
    return endpoint


def _ports(service: Document, pod: Document) -> Ports:
    found = []
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        target = _target(port.get("targetPort", port["port"]), protocol, pod)
        if target is not None:
            found.append((port.get("name", ""), protocol, target, port.get("appProtocol", "")))
    return tuple(found)


def _target(target: int | str, protocol: str, pod: Document) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"].get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None
