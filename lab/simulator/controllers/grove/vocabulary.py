"""Names, labels and variables that Grove gives to what it makes of a PodCliqueSet.

Pure, and separate because sets, groups, cliques and pods must agree on them. Invariant: all of them are functions of
the spec, so that a set that is deleted and made again is the same.
"""

from typing import Final

from lab.simulator.client.resources import Document, Resource
from lab.simulator.controllers.templates import template_hash
from lab.simulator.nodes.gangs import BASE_GANG, POD_GANG, SCALING_GROUP
from lab.simulator.objects import MADE_HERE, controller_reference

MANAGED_BY, PART_OF = "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of"
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
SET_INDEX: Final = "grove.io/podcliqueset-replica-index"
GROUP_INDEX: Final = "grove.io/podcliquescalinggroup-replica-index"
TEMPLATE_HASH: Final = "grove.io/pod-template-hash"
GROVE: Final = "grove-operator"


def made_metadata(
    owner: Document, resource: Resource, *, name: str, labels: dict[str, str], component: str
) -> Document:
    """Return the metadata of an object that Grove makes for `owner`, which is of `resource`."""
    return {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": {**labels, MANAGED_BY: GROVE, NAME: name, COMPONENT: component},
        "annotations": {MADE_HERE: "true"},
        "ownerReferences": [controller_reference(owner, api_version=resource.api_version, kind=resource.kind)],
    }


def clique_document(
    owner: Document, resource: Resource, template: Document, *, name: str, labels: dict[str, str]
) -> Document:
    """Return the PodClique of a clique's template; `startsAfter` names PodCliques already."""
    component = "pcsg-podclique" if SCALING_GROUP in labels else "pcs-podclique"
    own = {**(template.get("labels") or {}), **labels, TEMPLATE_HASH: clique_hash(template)}
    metadata = made_metadata(owner, resource, name=name, labels=own, component=component)
    metadata["annotations"] |= template.get("annotations") or {}
    return {"apiVersion": "grove.io/v1alpha1", "kind": "PodClique", "metadata": metadata, "spec": template["spec"]}


def clique_hash(template: Document) -> str:
    """Return the hash of what the pods of a clique are made from."""
    made_from = {"labels": template.get("labels"), "annotations": template.get("annotations")}
    return template_hash({**made_from, "podSpec": template["spec"]["podSpec"]})


def replica_name(pod_clique_set: Document, index: int) -> str:
    """Return the name of one replica of a set: of its Service and its first gang, and the stem of all others."""
    return f"{pod_clique_set['metadata']['name']}-{index}"


def set_labels(pod_clique_set: Document, index: int) -> dict[str, str]:
    """Return the labels that everything of one replica of a set carries."""
    return {PART_OF: pod_clique_set["metadata"]["name"], SET_INDEX: str(index)}


def gang_labels(pod_clique_set: Document, index: int, *, group: str | None = None, replica: int = 0) -> dict[str, str]:
    """Return the labels that say in which gang a clique is: the first one, or that of a replica beyond the least."""
    base = replica_name(pod_clique_set, index)
    if group is None:
        return {POD_GANG: base}
    least = min_available(group_template(pod_clique_set, group))
    if replica < least:
        return {POD_GANG: base}
    return {POD_GANG: f"{base}-{group}-{replica - least}", BASE_GANG: base}


def template_of(pod_clique_set: Document) -> Document:
    """Return the template of a set's replicas."""
    template: Document = pod_clique_set["spec"]["template"]
    return template


def group_templates(pod_clique_set: Document) -> list[Document]:
    """Return the templates of a set's scaling groups."""
    return list(template_of(pod_clique_set).get("podCliqueScalingGroups") or ())


def group_template(pod_clique_set: Document, name: str) -> Document:
    """Return the template of one scaling group."""
    return next(template for template in group_templates(pod_clique_set) if template["name"] == name)


def group_of(pod_clique_set: Document, clique: str) -> str | None:
    """Return the name of the scaling group that a clique is in, if it is in one."""
    found = (each["name"] for each in group_templates(pod_clique_set) if clique in each["cliqueNames"])
    return next(found, None)


def min_available(document: Document) -> int:
    """Return how many replicas of a clique or group must run for it to be of use."""
    return int(document.get("minAvailable") or 1)
