"""LeaderWorkerSets: how components run whose replicas span several nodes, one set for each replica.

A set for each replica, instead of one with many, is what the reference makes: names of pods and hosts follow from it.
The templates of all instances are rendered once, since they differ in their names and labels alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciler.desired.addresses import LWS
from services.reconciler.desired.component import Component
from services.reconciler.desired.containers import MAIN
from services.reconciler.desired.instances import INSTANCE_ID, ROLE, instance_name
from services.reconciler.desired.layouts import Layout, Role
from services.reconciler.desired.metadata import object_labels, with_metadata
from services.reconciler.desired.pods import pod_template
from services.reconciler.desired.problems import RenderError
from shared.api.platform import PlatformContext
from shared.core import labels
from shared.core.json import Manifest, items, mapping, text
from shared.core.resources import LEADER_WORKER_SETS

GROUP_NAME = "scheduling.k8s.io/group-name"
SCHEDULER = "volcano"


def leader_worker_sets(component: Component, platform: PlatformContext) -> list[Manifest]:
    """Return one LeaderWorkerSet for each replica; raise RenderError when the component cannot be run by them."""
    replicas = 1 if component.spec.replicas is None else component.spec.replicas
    templates = _templates(component, platform)
    return [_leader_worker_set(component, instance, templates) for instance in range(replicas)]


@dataclass(frozen=True, slots=True)
class _Templates:
    """The pod templates that the instances of a component share."""

    leader: Manifest
    worker: Manifest


def _templates(component: Component, platform: PlatformContext) -> _Templates:
    """Render both templates, also where no replica is wanted: what cannot run is told before somebody scales up."""
    return _Templates(
        *(
            _checked(pod_template(component, platform, Layout(role, component.spec.nodes, LWS)))
            for role in (Role.LEADER, Role.WORKER)
        )
    )


def _leader_worker_set(component: Component, instance: int, templates: _Templates) -> Manifest:
    name = instance_name(component.name, instance)
    own_labels = {**object_labels(component), INSTANCE_ID: str(instance)}
    template: Manifest = {
        "size": component.spec.nodes,
        "leaderTemplate": _of_instance(templates.leader, Role.LEADER, name, own_labels),
        "workerTemplate": _of_instance(templates.worker, Role.WORKER, name, own_labels),
    }
    return {
        "apiVersion": LEADER_WORKER_SETS.api_version,
        "kind": LEADER_WORKER_SETS.kind,
        "metadata": with_metadata(name, component.namespace, own_labels, {}),
        "spec": {"replicas": 1, "startupPolicy": "LeaderCreated", "leaderWorkerTemplate": template},
    }


def _of_instance(template: Manifest, role: Role, name: str, own_labels: Mapping[str, str]) -> Manifest:
    """Return a pod template for one instance: its labels beat the user's, and Volcano schedules it with its group."""
    metadata = mapping(template, "metadata")
    pod_labels = {key: value for key, value in mapping(metadata, "labels").items() if key != labels.SELECTOR}
    return {
        "metadata": {
            "labels": {**pod_labels, **own_labels, ROLE: role.value},
            "annotations": {**mapping(metadata, "annotations"), GROUP_NAME: name},
        },
        "spec": {**mapping(template, "spec"), "schedulerName": SCHEDULER},
    }


def _checked(template: Manifest) -> Manifest:
    """Refuse what would start and never form a group: the launch of each node is a command line of `main`."""
    containers = items(template, "spec", "containers")
    main = next((container for container in containers if text(container, "name") == MAIN), None)
    if main is None:
        raise _unfit("main container not found in pod spec", "leave extraPodSpec.mainContainer.name out")
    if not items(main, "command"):
        raise _unfit("container Command cannot be nil for LWS pod", "set extraPodSpec.mainContainer.command")
    if not items(main, "args"):
        raise _unfit("container Args cannot be empty for LWS pod", "set extraPodSpec.mainContainer.args")
    return template


def _unfit(said: str, remedy: str) -> RenderError:
    return RenderError(said, code="NotALeaderWorkerSet", remedy=remedy)
