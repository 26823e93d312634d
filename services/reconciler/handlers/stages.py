"""What one pass over a graph is to bring about: the steps before its objects, in their order, and the objects.

Separate from the pass itself, because this is all that the pass decides about a graph: what is refused, what it waits
for, and what is wanted. A step that fails keeps what runs, and the steps behind it from being taken (workloads 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.reconciler.desired.adapters import ScalingAdapters, scaling_adapters
from services.reconciler.desired.claims import VolumeClaims, volume_claims
from services.reconciler.desired.graphs import GraphChildren, graph_children
from services.reconciler.desired.grove.choice import Mode
from services.reconciler.desired.problems import Problem
from services.reconciler.handlers.claims import Claims
from services.reconciler.handlers.contexts import Context
from services.reconciler.handlers.handovers import NOBODY, components_of, held
from services.reconciler.handlers.results import foreign_problems, obstacle_of
from services.reconciler.handlers.ssh_secrets import SshSecrets
from services.reconciler.metrics import RENDER_SECONDS
from services.reconciler.status.obstacles import Obstacle, invalid
from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_spec
from shared.applying.children import Result
from shared.applying.plans import Wanted
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.resources import (
    COMPONENTS,
    GRAPHS,
    INGRESSES,
    POD_CLIQUE_SETS,
    SCALING_ADAPTERS,
    SERVICES,
    VIRTUAL_SERVICES,
    VOLUME_CLAIMS,
)
from shared.ports.passes import Work

_GROVE = "failed to reconcile the Grove PodClique Set"
SYNC_STEPS = {
    VOLUME_CLAIMS: "failed to reconcile top-level PVCs",
    SCALING_ADAPTERS: "failed to reconcile scaling adapters",
    COMPONENTS: "failed to sync the DynamoComponentDeployment",
    POD_CLIQUE_SETS: f"{_GROVE}: failed to sync the Grove GangSet",
    SERVICES: f"{_GROVE}: failed to sync the main component service",
    INGRESSES: f"{_GROVE}: failed to sync the main component ingress",
    VIRTUAL_SERVICES: f"{_GROVE}: failed to sync the main component virtual service",
}


SET_REMEDY = "take back what Grove does not let change, or delete the PodCliqueSet, so that it is made anew (a gap)"


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of a graph in one pass before its status is computed; empty where nothing had changed."""

    children: GraphChildren = GraphChildren()  # noqa: RUF009  # frozen and empty
    claims: VolumeClaims = VolumeClaims()  # noqa: RUF009  # frozen and empty
    adapters: ScalingAdapters = ScalingAdapters()  # noqa: RUF009  # frozen and empty
    obstacle: Obstacle | None = None
    is_rendered: bool = False
    awaited: str = ""  # of which no event tells, so it is looked for again

    @property
    def is_incomplete(self) -> bool:
        """Return whether the graph asks for something that is not understood or cannot be made now."""
        return self.obstacle is not None or bool(self.children.problems)

    def wanted(self, work: Work, uid: str, context: Context) -> Wanted:
        """Return the objects that the graph with this uid should have now."""
        return Wanted(
            manifests=(*self.children.manifests, *self.adapters.manifests),
            seeds=(*self.claims.seeds, *self.adapters.seeds),
            keeps_unwanted=self.is_incomplete,
            held=held(work, uid, self.children, context),
            inherits=components_of(work.view, uid) if self.children.mode is Mode.GROVE else NOBODY,
        )

    def with_result(self, result: Result) -> Stage:
        """Return the stage with what went wrong when its objects were written."""
        problems = (*self.children.problems, *foreign_problems(result))
        children = replace(self.children, problems=problems)
        refused = obstacle_of(result, SYNC_STEPS)
        if refused is not None and _is_update_of_a_set(result):
            refused = replace(refused, remedy=SET_REMEDY)
        return replace(self, children=children, obstacle=self.obstacle or refused)


def _is_update_of_a_set(result: Result) -> bool:
    """Return whether a set that exists could not be changed: Grove allows few changes (workloads 8.5)."""
    changes = result.plan.changes if result.plan is not None else ()
    answers = result.written.answers if result.written is not None else {}
    missed = (change for change in changes if change.ref not in answers)
    return any(change.ref.resource is POD_CLIQUE_SETS and change.reason != "created" for change in missed)


@dataclass(frozen=True, slots=True)
class Stages:
    """Take the steps of a pass that come before the graph's objects are written."""

    claims: Claims
    secrets: SshSecrets

    async def of(self, graph: Manifest, context: Context, work: Work) -> Stage:
        """Return what is to be brought about for a graph; nothing of it is written but a copy of the SSH keys."""
        try:
            verdict = judge_spec(Graph.parse(graph))
        except InvalidObjectError as error:
            return Stage(obstacle=invalid(str(error)))
        if not verdict.is_accepted:
            return Stage(obstacle=invalid(verdict.message))
        claims = volume_claims(graph)
        missing = await self.claims.missing(claims, work.view)
        if missing:
            return Stage(_refused(*missing), claims, awaited=missing[0].text)
        adapters = scaling_adapters(graph)
        without_keys = await self.secrets.provide(graph, work)
        if without_keys is not None:
            return Stage(_refused(without_keys), claims, adapters, awaited=without_keys.text)
        return _rendered(graph, context, Stage(claims=claims, adapters=adapters))


def _rendered(graph: Manifest, context: Context, stage: Stage) -> Stage:
    with RENDER_SECONDS.labels(GRAPHS.kind).time():
        children = graph_children(graph, context.platform, context.surroundings)
    return replace(stage, children=children, is_rendered=True)


def _refused(*problems: Problem) -> GraphChildren:
    return GraphChildren(problems=problems)
