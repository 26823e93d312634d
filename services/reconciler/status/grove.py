"""What is observed of a graph that Grove runs: its set, and for each service the object that counts its replicas.

A service counts as ready when that object is of its newest generation, has the replicas that the graph asks for, and
these run the newest template (W-47). An object that Grove has not made yet counts as one without replicas: the API
would refuse a status that does not name it (W-48).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.reconciler.desired.grove.scales import Scale
from services.reconciler.status.blockers import Blocker
from shared.core.json import Manifest, integer, items, mapping, member, text
from shared.core.resources import POD_CLIQUE_SETS, POD_CLIQUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The observed PodClique or PodCliqueScalingGroup of one service."""

    generation: int
    observed_generation: int
    desired: int
    replicas: int
    updated: int
    ready: int  # of a scaling group: available


def counted(manifest: Manifest) -> Counted:
    """Return what a PodClique's or a PodCliqueScalingGroup's manifest, whole or redacted, says about its replicas."""
    status = mapping(manifest, "status")
    desired = member(manifest, "spec", "replicas")
    is_clique = text(manifest, "kind") == POD_CLIQUES.kind
    return Counted(
        generation=integer(manifest, "metadata", "generation"),
        observed_generation=integer(status, "observedGeneration"),
        desired=desired if isinstance(desired, int) else 1,
        replicas=integer(status, "replicas"),
        updated=integer(status, "updatedReplicas"),
        ready=integer(status, "readyReplicas" if is_clique else "availableReplicas"),
    )


@dataclass(frozen=True, slots=True)
class Member:
    """One service of the graph: where its replicas are counted, and what was observed there."""

    scale: Scale
    state: Counted | None = None

    @property
    def desired(self) -> int:
        """Return how many replicas there should be: the graph's number, else the one that stands there."""
        found = self.state.desired if self.state is not None else 1
        return found if self.scale.replicas is None else self.scale.replicas

    @property
    def is_clique(self) -> bool:
        """Return whether the replicas are pods, not groups of them."""
        return self.scale.ref.resource is POD_CLIQUES

    @property
    def trouble(self) -> str:
        """Return why the service is not ready, in the words of the reference as far as it has any; else nothing."""
        where = f"{'podclique' if self.is_clique else 'pcsg'}/{self.scale.ref.name}"
        state = self.state
        if state is None:
            return f"{where}: resource not found"
        if state.desired == self.desired == 0:
            return ""
        text = f"{where}: desired={self.desired}, {'ready' if self.is_clique else 'available'}={state.ready}"
        if state.ready < self.desired or state.desired != self.desired:
            return text
        if state.observed_generation < state.generation:
            return f"{text}, generation={state.generation}, observed={state.observed_generation}"
        return f"{text}, updated={state.updated}" if state.updated < self.desired else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gang:
    """The observed set of a graph, with all its services."""

    name: str
    members: Sequence[Member] = ()
    applied_generation: int = 0  # that our last apply was answered with
    generation: int = 0  # of the set as observed; 0 while it was not
    observed_generation: int = 0  # that Grove has acted on
    errors: tuple[str, ...] = ()  # what Grove says that it could not do

    @property
    def newest(self) -> int:
        """Return the generation that Grove has to act on."""
        return max(self.applied_generation, self.generation)

    @property
    def is_current(self) -> bool:
        """Return whether Grove has acted on what we applied last: what is counted before is of another spec (W-54)."""
        return self.generation >= self.applied_generation and self.observed_generation >= self.newest > 0

    @property
    def trouble(self) -> str:
        """Return why the graph is not ready, all services in the order of their objects; else nothing."""
        found = sorted(each.trouble for each in self.members if each.trouble)
        if found or self.is_current:
            return "; ".join(found)
        return f"podcliqueset/{self.name}: generation={self.newest}, observed={self.observed_generation}"


def set_errors(manifest: Manifest) -> tuple[str, ...]:
    """Return what Grove says of a set that it could not do."""
    found = (text(each, "description") for each in items(manifest, "status", "lastErrors"))
    return tuple(" ".join(each.split()) for each in found if each)


def replica_status(member: Member) -> Manifest:
    """Return the replica counts of a service as graphs report them (workloads 2.4)."""
    state = member.state
    ready = state.ready if state is not None else 0
    return {
        "componentKind": member.scale.ref.resource.kind,
        "componentName": member.scale.ref.name,
        "replicas": state.replicas if state is not None else 0,
        "updatedReplicas": state.updated if state is not None else 0,
        **({"readyReplicas": ready} if member.is_clique else {"availableReplicas": ready}),
    }


def gang_blockers(gang: Gang, namespace: str) -> list[Blocker]:
    """Return what keeps a graph's set from being ready, in the order of its objects."""
    subject = f"{POD_CLIQUE_SETS.kind} {namespace}/{gang.name}"
    found = [
        Blocker(subject, "GroveFailed", error, f"kubectl describe podcliqueset {gang.name} -n {namespace} tells more")
        for error in gang.errors
    ]
    if not gang.is_current:
        what = f"Grove has seen generation {gang.observed_generation} of {gang.newest}"
        found.append(Blocker(subject, "GenerationNotObserved", what, "this passes when Grove acts on it"))
    waiting = (each for each in gang.members if each.trouble)
    return found + [_blocker(each, namespace) for each in sorted(waiting, key=lambda each: each.scale.ref)]


def _blocker(member: Member, namespace: str) -> Blocker:
    kind, name = member.scale.ref.resource.kind, member.scale.ref.name
    subject, state = f"{kind} {namespace}/{name}", member.state
    if state is None:
        return Blocker(subject, f"{kind}Missing", "it does not exist yet", "Grove makes it; see its log if this lasts")
    if state.desired != member.desired:
        what = f"it is to have {member.desired} replicas and is told of {state.desired}"
        return Blocker(subject, "ScalingInProgress", what, "this passes when it has been scaled")
    if state.observed_generation < state.generation:
        what = f"Grove has seen generation {state.observed_generation} of {state.generation}"
        return Blocker(subject, "GenerationNotObserved", what, "this passes when Grove acts on it")
    remedy = f"its pods have to become ready; kubectl describe pods -n {namespace} shows what they wait for"
    if state.ready < member.desired:
        what = f"{state.ready} of {member.desired} replicas are {'ready' if member.is_clique else 'available'}"
        return Blocker(subject, "ReplicasUnavailable", what, remedy)
    what = f"{state.updated} of {member.desired} replicas have the newest pod template"
    return Blocker(subject, "RolloutInProgress", what, remedy)
