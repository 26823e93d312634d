"""One pass over one DynamoGraphDeployment: its components and its status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from services.reconciler.desired.graphs import GraphChildren, graph_children
from services.reconciler.desired.names import FINALIZER
from services.reconciler.handlers.contexts import Context, Contexts, inputs_of
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.handlers.finalizers import Finalizers
from services.reconciler.handlers.primaries import Primaries
from services.reconciler.handlers.results import change_list, foreign_problems, obstacle_of
from services.reconciler.handlers.statuses import Statuses, entry_manifest, has_told, letter_of, tells_of_failure
from services.reconciler.status.graphs import ExpectedComponent, GraphFacts, component_state, graph_status
from services.reconciler.status.notes import change_notes
from services.reconciler.status.obstacles import Obstacle, given_up, invalid
from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_spec
from shared.applying.children import Children, Result
from shared.applying.inventories import EMPTY, Inventory
from shared.applying.plans import Wanted
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, mapping, text
from shared.core.objects import generation_of
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.refusals import without_values
from shared.core.resources import COMPONENTS, Ref
from shared.ports.passes import Entry, Work

UNKNOWN_CLUSTER = timedelta(seconds=1)
UNTOLD = 5  # passes without an answer that nobody has to hear of: at first start, discovery may come second


@dataclass(frozen=True, slots=True)
class GraphHandler:
    """Bring the components of one graph to what its spec asks for, and report."""

    primaries: Primaries
    children: Children
    finalizers: Finalizers
    statuses: Statuses
    recorder: EventRecorder
    contexts: Contexts

    async def __call__(self, work: Work) -> Outcome:
        """Run one pass."""
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting:
            return await self._let_go(work, entry)
        context = self.contexts.of(work)
        if isinstance(context, Obstacle):
            return await self._wait_for_cluster(work, entry, context)
        inputs = inputs_of(entry, context.digest)
        settled = await self.children.settled(work, inputs) if FINALIZER in entry.finalizers else None
        if settled is not None:
            return await self._report(work, entry.generation, _Stage(), settled)
        graph = await self.primaries.open(entry, work)
        if graph is None:
            return Done()
        stage = _stage(graph, context)
        wanted = Wanted(stage.children.manifests, keeps_unwanted=stage.is_incomplete)
        keep = partial(self.primaries.keep, epoch=inputs.epoch)  # a component's own pass begins with the answer
        result = await self.children.bring_about(work, inputs, lambda: wanted, on_answer=keep)
        for note in change_notes(change_list(result)):
            self.recorder.record(note, graph)
        if result.is_unfinished(work.view) and has_told(entry):
            result.raise_error()
        stage = stage.with_result(result)
        outcome = await self._report(work, generation_of(graph), stage, result.inventory)
        result.raise_error()
        return outcome

    async def give_up(self, work: Work, reason: str) -> Outcome:
        """Show on a graph that its passes ended in a dead letter; the next good pass shows something else."""
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting or tells_of_failure(entry):
            return Done()
        inventory = await self.children.inventories.read(work.primary, work.fence)
        stage = _Stage(obstacle=given_up(without_values(reason), letter_of(work)))
        return await self._report(work, entry.generation, stage, inventory)

    async def _wait_for_cluster(self, work: Work, entry: Entry, obstacle: Obstacle) -> Outcome:
        """Ask again; if it lasts, tell of it on a graph without a status (that of a running graph still holds)."""
        if work.attempt > UNTOLD and not text(entry.summary, "status", "state"):
            await self._report(work, entry.generation, _Stage(obstacle=obstacle), EMPTY)
        return Retry(obstacle.text, UNKNOWN_CLUSTER)

    async def _let_go(self, work: Work, entry: Entry | None) -> Outcome:
        """Owner references collect the children; nothing is left to do but to let the object go."""
        if entry is not None:
            await self.finalizers.release(entry, work)
        await self.children.inventories.forget(work.primary, work.fence)
        self.primaries.drop(work.primary)
        return Done()

    async def _report(self, work: Work, generation: int, stage: _Stage, inventory: Inventory) -> Outcome:
        entry = work.view.get(work.primary)
        if entry is None:
            return Done()
        facts = GraphFacts(
            namespace=work.primary.namespace,
            name=work.primary.name,
            generation=generation,
            components=_components(work, stage.children.manifests, inventory),
            problems=stage.children.problems,
            obstacle=stage.obstacle,
            last_services={
                name: dict(mapping(value)) for name, value in mapping(entry.summary, "status", "services").items()
            },
        )
        reported = await self.statuses.report(work, graph_status(facts))
        if reported.answer is not None:
            self.primaries.keep(reported.answer, entry.epoch)
        return reported.outcome


@dataclass(frozen=True, slots=True)
class _Stage:
    """What became of a graph in one pass before its status is computed."""

    children: GraphChildren = GraphChildren()  # noqa: RUF009  # frozen and empty
    obstacle: Obstacle | None = None

    @property
    def is_incomplete(self) -> bool:
        return self.obstacle is not None or bool(self.children.problems)

    def with_result(self, result: Result) -> _Stage:
        problems = (*self.children.problems, *foreign_problems(result))
        children = replace(self.children, problems=problems)
        return _Stage(children, self.obstacle or obstacle_of(result))


def _stage(graph: Manifest, context: Context) -> _Stage:
    """Render a graph that the rules accept; one that they refuse keeps what it has."""
    try:
        verdict = judge_spec(Graph.parse(graph))
        if not verdict.is_accepted:
            return _Stage(obstacle=invalid(verdict.message))
        return _Stage(graph_children(graph, context.platform))
    except InvalidObjectError as error:
        return _Stage(obstacle=invalid(str(error)))


def _components(work: Work, wanted: Sequence[Manifest], inventory: Inventory) -> list[ExpectedComponent]:
    """Return the components that the graph needs: as rendered in this pass, else as applied before."""
    services = {
        Ref(COMPONENTS, work.primary.namespace, child["metadata"]["name"]): text(child, "spec", "serviceName")
        for child in wanted
    }
    refs = {ref: "" for ref in inventory.children if ref.resource is COMPONENTS} | services
    found = []
    for ref in sorted(refs):
        seen = work.view.get(ref)
        state = component_state(entry_manifest(seen)) if seen is not None and not seen.is_deleting else None
        applied = inventory.children.get(ref)
        found.append(
            ExpectedComponent(
                name=ref.name,
                service=refs[ref] or (state.service if state is not None else ""),
                applied_generation=applied.generation if applied is not None else 0,
                state=state if applied is not None and seen is not None and seen.uid == applied.uid else None,
            )
        )
    return found
