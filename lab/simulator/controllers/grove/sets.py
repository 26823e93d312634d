"""Decides what a PodCliqueSet becomes: for each replica a Service, scaling groups, and the cliques outside of groups.

Pure. Invariant: replicas of what exists already are not the set's to decide; they are scaled through their own objects.
"""

from collections.abc import Iterator, Sequence

from lab.simulator.client.resources import POD_CLIQUE_SETS, SCALING_GROUPS, SERVICES, Document
from lab.simulator.controllers.grove.vocabulary import (
    PART_OF,
    SET_INDEX,
    clique_document,
    gang_labels,
    group_of,
    group_templates,
    made_metadata,
    min_available,
    replica_name,
    set_labels,
    template_of,
)
from lab.simulator.objects import labels_of

IN_ORDER = "CliqueStartupTypeInOrder"


def replicas_of(pod_clique_set: Document) -> int:
    """Return the number of replicas that are asked for."""
    return int(pod_clique_set["spec"].get("replicas") or 0)


def headless_services(pod_clique_set: Document) -> Iterator[Document]:
    """Return the Service of each replica, through which its pods find each other."""
    config = template_of(pod_clique_set).get("headlessServiceConfig") or {}
    for index in range(replicas_of(pod_clique_set)):
        labels = set_labels(pod_clique_set, index)
        yield {
            "apiVersion": SERVICES.api_version,
            "kind": SERVICES.kind,
            "metadata": made_metadata(
                pod_clique_set,
                POD_CLIQUE_SETS,
                name=replica_name(pod_clique_set, index),
                labels=labels,
                component="pcs-headless-service",
            ),
            "spec": {
                "clusterIP": "None",
                "selector": labels,
                "publishNotReadyAddresses": config.get("publishNotReadyAddresses", True),
            },
        }


def scaling_groups(pod_clique_set: Document) -> Iterator[Document]:
    """Return the scaling groups of all replicas."""
    for index in range(replicas_of(pod_clique_set)):
        for template in group_templates(pod_clique_set):
            yield {
                "apiVersion": SCALING_GROUPS.api_version,
                "kind": SCALING_GROUPS.kind,
                "metadata": made_metadata(
                    pod_clique_set,
                    POD_CLIQUE_SETS,
                    name=f"{replica_name(pod_clique_set, index)}-{template['name']}",
                    labels=set_labels(pod_clique_set, index),
                    component="pcs-podcliquescalinggroup",
                ),
                "spec": {
                    "replicas": template.get("replicas", 1),
                    "minAvailable": min_available(template),
                    "cliqueNames": template["cliqueNames"],
                },
            }


def lone_cliques(pod_clique_set: Document) -> Iterator[Document]:
    """Return the PodCliques of all replicas that are in no scaling group."""
    for index in range(replicas_of(pod_clique_set)):
        for template in template_of(pod_clique_set)["cliques"]:
            if group_of(pod_clique_set, template["name"]) is None:
                yield clique_document(
                    pod_clique_set,
                    POD_CLIQUE_SETS,
                    started_after(pod_clique_set, template, index=index),
                    name=f"{replica_name(pod_clique_set, index)}-{template['name']}",
                    labels=set_labels(pod_clique_set, index) | gang_labels(pod_clique_set, index),
                )


def started_after(pod_clique_set: Document, template: Document, *, index: int, replica: int | None = None) -> Document:
    """Return a clique's template with the PodCliques that start before it; `replica` is that of its own group."""
    spec = {field: value for field, value in template["spec"].items() if field != "startsAfter"}
    before = [
        name
        for clique in _predecessors(pod_clique_set, template)
        for name in _instances(pod_clique_set, clique, index=index, of=template["name"], replica=replica)
    ]
    return {**template, "spec": {**spec, "startsAfter": before} if before else spec}


def set_status(pod_clique_set: Document, cliques: Sequence[Document], groups: Sequence[Document]) -> Document:
    """Return the whole status of a set from its own cliques and groups."""
    indexes = range(replicas_of(pod_clique_set))
    per_replica = len(group_templates(pod_clique_set)) + sum(
        1 for each in template_of(pod_clique_set)["cliques"] if group_of(pod_clique_set, each["name"]) is None
    )
    available = updated = 0
    for index in indexes:
        own = [each for each in (*cliques, *groups) if labels_of(each).get(SET_INDEX) == str(index)]
        is_whole = len(own) == per_replica
        available += is_whole and all(_is_available(each) for each in own)
        updated += is_whole and all(_is_updated(each) for each in own)
    return {
        "replicas": replicas_of(pod_clique_set),
        "availableReplicas": available,
        "updatedReplicas": updated,
        "observedGeneration": pod_clique_set["metadata"].get("generation", 0),
        "hpaPodSelector": f"{PART_OF}={pod_clique_set['metadata']['name']}",
    }


def _predecessors(pod_clique_set: Document, template: Document) -> list[str]:
    if template_of(pod_clique_set).get("cliqueStartupType") != IN_ORDER:
        return list(template["spec"].get("startsAfter") or ())
    names = [each["name"] for each in template_of(pod_clique_set)["cliques"]]
    position = names.index(template["name"])
    return names[position - 1 : position] if position else []


def _instances(pod_clique_set: Document, clique: str, *, index: int, of: str, replica: int | None) -> list[str]:
    stem, group = replica_name(pod_clique_set, index), group_of(pod_clique_set, clique)
    if group is None:
        return [f"{stem}-{clique}"]
    if replica is not None and group == group_of(pod_clique_set, of):
        return [f"{stem}-{group}-{replica}-{clique}"]
    template = next(each for each in group_templates(pod_clique_set) if each["name"] == group)
    return [f"{stem}-{group}-{number}-{clique}" for number in range(min_available(template))]


def _is_available(part: Document) -> bool:
    status = part.get("status") or {}
    serving = status.get("availableReplicas", status.get("readyReplicas", 0))
    return int(serving or 0) >= min(min_available(part["spec"]), int(part["spec"]["replicas"]))


def _is_updated(part: Document) -> bool:
    status = part.get("status") or {}
    is_seen = status.get("observedGeneration") == part["metadata"].get("generation", 0)
    return is_seen and int(status.get("updatedReplicas") or 0) >= int(part["spec"]["replicas"])
