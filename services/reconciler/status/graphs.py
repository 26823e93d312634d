"""The status of one graph, rolled up from its components, or from the set of cliques that runs it.

A component counts as ready only when it was observed at least at the generation that we applied, and when its own
status is of that generation (W-54): a stale `Available` of the spec before never makes a graph `successful`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.reconciler.desired.problems import Problem
from services.reconciler.status.blockers import Blocker, of_problem
from services.reconciler.status.conditions import READY, RECONCILING, STALLED, Condition, progress, sorted_manifests
from services.reconciler.status.grove import Gang, gang_blockers, replica_status
from services.reconciler.status.obstacles import Obstacle, Stage
from shared.core.json import Manifest, integer, items, mapping, text
from shared.core.resources import COMPONENTS, GRAPHS

PENDING, SUCCESSFUL, FAILED = "pending", "successful", "failed"
COMPONENT_NOT_READY = "Component deployment not ready - Available condition not true"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentState:
    """The observed state of one component."""

    name: str
    service: str
    generation: int
    observed_generation: int
    is_available: bool
    replicas: Manifest | None = None
    code: str = ""  # why it is not ready, in its own words
    explanation: str = ""
    is_stalled: bool = False


def component_state(manifest: Manifest) -> ComponentState:
    """Return what a component's manifest, whole or redacted, says about its state."""
    conditions = {text(entry, "type"): entry for entry in items(manifest, "status", "conditions")}
    stalled, moving = conditions.get(STALLED), conditions.get(RECONCILING)
    is_stalled = text(stalled, "status") == "True"
    cause = stalled if is_stalled else moving if text(moving, "status") == "True" else None
    replicas = mapping(manifest, "status", "service")
    return ComponentState(
        name=text(manifest, "metadata", "name"),
        service=text(manifest, "spec", "serviceName"),
        generation=integer(manifest, "metadata", "generation"),
        observed_generation=integer(manifest, "status", "observedGeneration"),
        is_available=text(conditions.get("Available"), "status") == "True",
        replicas=dict(replicas) if replicas else None,
        code=text(cause, "reason"),
        explanation=text(cause, "message"),
        is_stalled=is_stalled,
    )


@dataclass(frozen=True, slots=True)
class ExpectedComponent:
    """A component that the graph needs, and what was observed of it."""

    name: str
    service: str
    applied_generation: int = 0  # generation that our last apply was answered with
    state: ComponentState | None = None

    @property
    def is_current(self) -> bool:
        """Return whether the component's status speaks of what we applied last."""
        if self.state is None:
            return False
        needed = max(self.applied_generation, self.state.generation)
        return self.state.generation >= self.applied_generation and self.state.observed_generation >= needed

    @property
    def is_ready(self) -> bool:
        """Return whether the component serves what we applied last."""
        return self.is_current and self.state is not None and self.state.is_available


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFacts:
    """What the status of a graph depends on."""

    namespace: str
    name: str
    generation: int
    components: Sequence[ExpectedComponent] = ()
    gang: Gang | None = None  # where Grove runs the graph
    problems: Sequence[Problem] = ()
    obstacle: Obstacle | None = None
    waits_for: tuple[Blocker, ...] = ()
    last_services: Mapping[str, Manifest] = field(default_factory=dict)  # as reported before


def graph_status(facts: GraphFacts) -> Manifest:
    """Return the status of a graph, without transition times."""
    state, ready = _summary(facts)
    status: Manifest = {
        "observedGeneration": facts.generation,
        "state": state,
        "conditions": sorted_manifests([ready, *progress(_blockers(facts))], facts.generation),
    }
    services = _services(facts)
    if services:
        status["services"] = services
    return status


def _summary(facts: GraphFacts) -> tuple[str, Condition]:
    obstacle = facts.obstacle
    if obstacle is not None and obstacle.stage is Stage.LOOKING:
        return PENDING, Condition(
            READY, "False", "some_resources_are_not_ready", f"Resources not ready: {obstacle.text}"
        )
    if obstacle is not None and obstacle.stage is Stage.VALIDATION:
        return FAILED, Condition(READY, "False", "ValidationFailed", f"Validation failed: {obstacle.text}")
    if obstacle is not None and obstacle.stage is Stage.FINALIZER:
        return FAILED, Condition(READY, "False", "failed_to_handle_the_finalizer", obstacle.text)
    errors = [obstacle.text] if obstacle is not None else [problem.text for problem in facts.problems]
    if errors:
        return FAILED, Condition(READY, "False", "failed_to_reconcile_the_resources", "; ".join(dict.fromkeys(errors)))
    waiting = [(component.name, COMPONENT_NOT_READY) for component in facts.components if not component.is_ready]
    if facts.gang is not None and facts.gang.trouble:
        waiting.append((facts.gang.name, facts.gang.trouble))
    if waiting:
        message = "Resources not ready: " + "; ".join(f"{name}: {reason}" for name, reason in sorted(waiting))
        return PENDING, Condition(READY, "False", "some_resources_are_not_ready", message)
    return SUCCESSFUL, Condition(READY, "True", "all_resources_are_ready", "All resources are ready")


def _blockers(facts: GraphFacts) -> list[Blocker]:
    subject = f"{GRAPHS.kind} {facts.namespace}/{facts.name}"
    found: list[Blocker] = []
    if facts.obstacle is not None:
        cause = facts.obstacle
        found.append(Blocker(subject, cause.code, cause.text, cause.remedy, is_terminal=cause.is_terminal))
    found += [of_problem(problem, facts.namespace) for problem in facts.problems]
    waiting = [component for component in facts.components if not component.is_ready]
    gang = facts.gang if facts.gang is not None and facts.gang.trouble else None
    if waiting or gang is not None:
        found += facts.waits_for
    if gang is not None:
        found += gang_blockers(gang, facts.namespace)
    return found + [_blocker(component, facts.namespace) for component in sorted(waiting, key=lambda each: each.name)]


def _blocker(component: ExpectedComponent, namespace: str) -> Blocker:
    subject = f"{COMPONENTS.kind} {namespace}/{component.name}"
    state = component.state
    if state is None:
        return Blocker(subject, "ComponentNotObserved", "it was not observed yet", "this passes when it is applied")
    if not component.is_current:
        what = f"its status is of generation {state.observed_generation}, its spec of {state.generation}"
        return Blocker(subject, "GenerationNotObserved", what, "this passes when its own reconciliation is done")
    if state.explanation:
        return Blocker(subject, state.code, state.explanation, "", is_terminal=state.is_stalled)
    return Blocker(subject, "ComponentNotReady", COMPONENT_NOT_READY, "its workload has to become available")


def _services(facts: GraphFacts) -> dict[str, Manifest]:
    """Return replicas by service; what is not observed at the moment keeps its last known value (W-55)."""
    names = {component.service for component in facts.components}
    if facts.obstacle is not None or facts.problems:
        names |= set(facts.last_services)
    known = {
        component.service: component.state.replicas
        for component in facts.components
        if component.state is not None and component.state.replicas
    }
    for member in facts.gang.members if facts.gang is not None else ():
        known[member.scale.service] = replica_status(member)
    merged = {**{name: facts.last_services[name] for name in names if name in facts.last_services}, **known}
    return {name: merged[name] for name in sorted(merged)}
