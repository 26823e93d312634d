"""Decides which PodCliques a scaling group has, which of them are replaced now, and what the group's status says.

Pure. Invariant: a replica of a group is replaced as a whole, and one that serves only while all others serve.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from lab.simulator.client.resources import SCALING_GROUPS, Document
from lab.simulator.controllers.grove.sets import started_after
from lab.simulator.controllers.grove.vocabulary import (
    GROUP_INDEX,
    SET_INDEX,
    TEMPLATE_HASH,
    clique_document,
    gang_labels,
    min_available,
    set_labels,
    template_of,
)
from lab.simulator.nodes.gangs import SCALING_GROUP
from lab.simulator.objects import FALSE, TRUE, is_deleting, labels_of, said


def group_cliques(group: Document, pod_clique_set: Document) -> Iterator[Document]:
    """Return the PodCliques of all replicas of a scaling group."""
    index, name = int(labels_of(group)[SET_INDEX]), group["metadata"]["name"]
    short = name.removeprefix(f"{pod_clique_set['metadata']['name']}-{index}-")
    templates = {each["name"]: each for each in template_of(pod_clique_set)["cliques"]}
    for replica in range(int(group["spec"]["replicas"])):
        own = {SCALING_GROUP: name, GROUP_INDEX: str(replica)}
        gang = gang_labels(pod_clique_set, index, group=short, replica=replica)
        for clique in group["spec"]["cliqueNames"]:
            yield clique_document(
                group,
                SCALING_GROUPS,
                started_after(pod_clique_set, templates[clique], index=index, replica=replica),
                name=f"{name}-{replica}-{clique}",
                labels=set_labels(pod_clique_set, index) | gang | own,
            )


def surplus(group: Document, wanted: Sequence[Document], present: Sequence[Document]) -> list[Document]:
    """Return the PodCliques to delete: of replicas beyond the last one, and of one replica that is out of date."""
    hashes = {clique["metadata"]["name"]: labels_of(clique)[TEMPLATE_HASH] for clique in wanted}
    alive = [clique for clique in present if not is_deleting(clique)]
    over = [clique for clique in alive if clique["metadata"]["name"] not in hashes]
    old = {
        labels_of(clique)[GROUP_INDEX]
        for clique in alive
        if hashes.get(clique["metadata"]["name"], labels_of(clique)[TEMPLATE_HASH]) != labels_of(clique)[TEMPLATE_HASH]
    }
    replaced = {index for index in old if not _serves(group, alive, index)}
    if not replaced and all(_serves(group, alive, str(index)) for index in range(int(group["spec"]["replicas"]))):
        replaced = set(sorted(old, key=int)[:1])
    return over + [clique for clique in alive if labels_of(clique)[GROUP_INDEX] in replaced and clique not in over]


def group_status(group: Document, wanted: Sequence[Document], present: Sequence[Document], now: datetime) -> Document:
    """Return the whole status of a scaling group."""
    hashes = {clique["metadata"]["name"]: labels_of(clique)[TEMPLATE_HASH] for clique in wanted}
    alive = [clique for clique in present if not is_deleting(clique)]
    indexes = [str(index) for index in range(int(group["spec"]["replicas"]))]
    available = sum(1 for index in indexes if _serves(group, alive, index))
    updated = sum(
        1
        for index in indexes
        if (own := _replica(alive, index))
        and all(labels_of(each)[TEMPLATE_HASH] == hashes.get(each["metadata"]["name"]) for each in own)
    )
    least = min(min_available(group["spec"]), len(indexes))
    is_breached = available < least
    why = (
        ("InsufficientAvailablePodCliqueScalingGroupReplicas", f"available {available} of at least {least}")
        if is_breached
        else ("SufficientAvailablePodCliqueScalingGroupReplicas", f"available {available} of at least {least}")
    )
    return {
        "replicas": len({labels_of(clique)[GROUP_INDEX] for clique in alive}),
        "scheduledReplicas": sum(1 for index in indexes if _is_scheduled(group, alive, index)),
        "availableReplicas": available,
        "updatedReplicas": updated,
        "observedGeneration": group["metadata"].get("generation", 0),
        "selector": f"{SCALING_GROUP}={group['metadata']['name']}",
        "conditions": [said(group, "MinAvailableBreached", status=TRUE if is_breached else FALSE, why=why, now=now)],
    }


def _replica(cliques: Sequence[Document], index: str) -> list[Document]:
    return [clique for clique in cliques if labels_of(clique)[GROUP_INDEX] == index]


def _serves(group: Document, cliques: Sequence[Document], index: str) -> bool:
    return _counts(group, cliques, index, "readyReplicas")


def _is_scheduled(group: Document, cliques: Sequence[Document], index: str) -> bool:
    return _counts(group, cliques, index, "scheduledReplicas")


def _counts(group: Document, cliques: Sequence[Document], index: str, field: str) -> bool:
    own = _replica(cliques, index)
    return len(own) == len(group["spec"]["cliqueNames"]) and all(
        int((each.get("status") or {}).get(field) or 0) >= min_available(each["spec"]) for each in own
    )
