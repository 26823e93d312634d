"""Decides which pods of a LeaderWorkerSet are made or deleted: its groups of one leader and its workers.

Pure, and separate from the status, which only counts. Names, labels and variables are upstream's. Invariants: no worker
without its leader; a group never mixes two templates; where the policy says so, a group loses all of its pods together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lab.simulator.client.resources import LEADER_WORKER_SETS, PODS, SERVICES, Document
from lab.simulator.controllers.templates import template_hash
from lab.simulator.objects import (
    MADE_HERE,
    annotations_of,
    controller_reference,
    has_ended,
    is_deleting,
    is_pod_ready,
    labels_of,
)

PREFIX: Final = "leaderworkerset.sigs.k8s.io"
SET, GROUP, WORKER = f"{PREFIX}/name", f"{PREFIX}/group-index", f"{PREFIX}/worker-index"
GROUP_KEY, REVISION, SIZE = f"{PREFIX}/group-key", f"{PREFIX}/template-revision-hash", f"{PREFIX}/size"
LEADER_NAME: Final = f"{PREFIX}/leader-name"


@dataclass(frozen=True, slots=True)
class Group:
    """The pods of one group, by worker index; the leader is 0."""

    index: int
    pods: dict[int, Document]
    size: int
    revision: str

    @property
    def leader(self) -> Document | None:
        """The first pod."""
        return self.pods.get(0)

    @property
    def is_ready(self) -> bool:
        """Say whether every pod is there and ready."""
        return len(self.pods) == self.size and all(map(_serves, self.pods.values()))

    @property
    def is_updated(self) -> bool:
        """Say whether the pods are of the template that the set has now."""
        return self.leader is not None and labels_of(self.leader).get(REVISION) == self.revision

    @property
    def is_broken(self) -> bool:
        """Say whether a pod has ended, is leaving, or a container of it was restarted."""
        return any(has_ended(pod) or is_deleting(pod) or _was_restarted(pod) for pod in self.pods.values())


@dataclass(frozen=True, slots=True)
class Step:
    """Which pods to make, by group and index, and which to delete."""

    missing: tuple[tuple[int, int], ...]
    surplus: tuple[Document, ...]


def groups(leader_worker_set: Document, pods: Sequence[Document]) -> list[Group]:
    """Return the groups that there should be or are, in order."""
    found: dict[int, dict[int, Document]] = {index: {} for index in range(replicas_of(leader_worker_set))}
    for pod in pods:
        group, worker = (int(labels_of(pod).get(label, "-1")) for label in (GROUP, WORKER))
        found.setdefault(group, {})[worker] = pod
    size, revision = size_of(leader_worker_set), revision_of(leader_worker_set)
    return [Group(index, found[index], size, revision) for index in sorted(found)]


def step(leader_worker_set: Document, pods: Sequence[Document]) -> Step:
    """Return what comes next on the way to the groups that the spec asks for."""
    replicas, template = replicas_of(leader_worker_set), leader_worker_set["spec"]["leaderWorkerTemplate"]
    recreates = template.get("restartPolicy", "RecreateGroupOnPodRestart") == "RecreateGroupOnPodRestart"
    present = groups(leader_worker_set, pods)
    wanted = [group for group in present if group.index < replicas]
    leaving = [group for group in present if group.index >= replicas]
    leaving += [group for group in wanted if group.is_broken and recreates]
    leaving += [group for group in _outdated(leader_worker_set, wanted) if group not in leaving]
    surplus = [pod for group in leaving for pod in group.pods.values() if not is_deleting(pod)]
    surplus += [pod for group in wanted for pod in group.pods.values() if has_ended(pod) and pod not in surplus]
    missing = [place for group in wanted if group not in leaving for place in _missing(leader_worker_set, group)]
    return Step(tuple(missing), tuple(surplus))


def member(leader_worker_set: Document, group: int, worker: int) -> Document:
    """Return the pod of a group with an index; 0 is the leader."""
    metadata, template = leader_worker_set["metadata"], leader_worker_set["spec"]["leaderWorkerTemplate"]
    source = (template.get("leaderTemplate") if worker == 0 else None) or template["workerTemplate"]
    inner, leader = source.get("metadata") or {}, f"{metadata['name']}-{group}"
    name = leader if worker == 0 else f"{leader}-{worker}"
    labels = {
        SET: metadata["name"],
        GROUP: str(group),
        WORKER: str(worker),
        GROUP_KEY: template_hash({"namespace": metadata["namespace"], "leader": leader}),
        REVISION: revision_of(leader_worker_set),
    }
    annotations = {SIZE: str(size_of(leader_worker_set))} | ({LEADER_NAME: leader} if worker else {})
    address = f"{leader}.{_subdomain(leader_worker_set, group)}.{metadata['namespace']}"
    variables = {
        "LWS_LEADER_ADDRESS": address,
        "LWS_GROUP_SIZE": str(size_of(leader_worker_set)),
        "LWS_WORKER_INDEX": str(worker),
    }
    owner = controller_reference(
        leader_worker_set, api_version=LEADER_WORKER_SETS.api_version, kind=LEADER_WORKER_SETS.kind
    )
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": {**(inner.get("labels") or {}), **labels},
            "annotations": {**(inner.get("annotations") or {}), **annotations},
            "ownerReferences": [owner],
        },
        "spec": {
            **with_variables(source["spec"], variables),
            "hostname": name,
            "subdomain": _subdomain(leader_worker_set, group),
        },
    }


def services(leader_worker_set: Document) -> list[Document]:
    """Return the headless Services through which the pods find each other: one for all, or one for each group."""
    metadata = leader_worker_set["metadata"]
    selectors: dict[str, dict[str, str]] = {}
    for group in range(replicas_of(leader_worker_set)):
        own = {GROUP: str(group)} if _is_split(leader_worker_set) else {}
        selectors[_subdomain(leader_worker_set, group)] = {SET: metadata["name"], **own}
    owner = controller_reference(
        leader_worker_set, api_version=LEADER_WORKER_SETS.api_version, kind=LEADER_WORKER_SETS.kind
    )
    return [
        {
            "apiVersion": SERVICES.api_version,
            "kind": SERVICES.kind,
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "annotations": {MADE_HERE: "true"},
                "ownerReferences": [owner],
            },
            "spec": {"clusterIP": "None", "selector": selector, "publishNotReadyAddresses": True},
        }
        for name, selector in selectors.items()
    ]


def with_variables(pod_spec: Document, variables: dict[str, str]) -> Document:
    """Return a pod spec whose containers have these variables before their own, so that those may refer to them."""

    def extended(container: Document) -> Document:
        own = container.get("env") or []
        named = {variable["name"] for variable in own}
        new = [{"name": name, "value": value} for name, value in variables.items() if name not in named]
        return {**container, "env": [*new, *own]}

    lists = {
        field: [extended(each) for each in pod_spec.get(field) or ()] for field in ("containers", "initContainers")
    }
    return {**pod_spec, **{field: containers for field, containers in lists.items() if containers}}


def replicas_of(leader_worker_set: Document) -> int:
    """Return the number of groups that are asked for."""
    return int(leader_worker_set["spec"].get("replicas", 1))


def size_of(leader_worker_set: Document) -> int:
    """Return the number of pods of a group."""
    return int(leader_worker_set["spec"]["leaderWorkerTemplate"].get("size", 1))


def revision_of(leader_worker_set: Document) -> str:
    """Return the hash of what the pods are made from."""
    return template_hash(leader_worker_set["spec"]["leaderWorkerTemplate"])


def _missing(leader_worker_set: Document, group: Group) -> list[tuple[int, int]]:
    if group.leader is None:
        return [(group.index, 0)] if not group.pods else []
    waits = leader_worker_set["spec"].get("startupPolicy") == "LeaderReady" and not is_pod_ready(group.leader)
    if waits or not group.is_updated or is_deleting(group.leader):
        return []
    return [(group.index, worker) for worker in range(1, group.size) if worker not in group.pods]


def _outdated(leader_worker_set: Document, wanted: Sequence[Group]) -> list[Group]:
    """Return the groups to replace now: those that serve nobody, then as many as may be away, the last one first."""
    rolling: dict[str, Any] = (leader_worker_set["spec"].get("rolloutStrategy") or {}).get(
        "rollingUpdateConfiguration"
    ) or {}
    old = [group for group in wanted if group.leader is not None and not group.is_updated]
    old = [group for group in old if group.index >= int(rolling.get("partition") or 0)]
    away = sum(1 for group in wanted if not group.is_ready)
    budget = max(0, _share(rolling.get("maxUnavailable", 1), len(wanted)) - away)
    serving = sorted((group for group in old if group.is_ready), key=lambda group: -group.index)
    return [group for group in old if not group.is_ready] + serving[:budget]


def _share(value: int | str, whole: int) -> int:
    if isinstance(value, int):
        return value
    return max(1, int(value.removesuffix("%")) * whole // 100)


def _serves(pod: Document) -> bool:
    return is_pod_ready(pod) and not is_deleting(pod) and not has_ended(pod)


def _was_restarted(pod: Document) -> bool:
    status = pod.get("status") or {}
    if annotations_of(pod).get(SIZE) == "1":
        return False  # a group of one is restarted by its kubelet
    return any(container.get("restartCount") for container in status.get("containerStatuses") or ())


def _is_split(leader_worker_set: Document) -> bool:
    network = leader_worker_set["spec"].get("networkConfig") or {}
    return bool(network.get("subdomainPolicy") == "UniquePerReplica")


def _subdomain(leader_worker_set: Document, group: int) -> str:
    name = str(leader_worker_set["metadata"]["name"])
    return f"{name}-{group}" if _is_split(leader_worker_set) else name
