"""One pass over one DynamoGraphDeployment: its components, or the set of cliques that runs it, and its status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.grove.choice import Mode
from services.reconciler.desired.grove.scales import Scale, scales_of
from services.reconciler.desired.names import FINALIZER
from services.reconciler.handlers.claims import drifts, pause
from services.reconciler.handlers.contexts import Contexts, inputs_of
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.handlers.finalizers import Finalizers
from services.reconciler.handlers.gangs import gang_waits_for, observed_gang
from services.reconciler.handlers.primaries import NotFinalizedError, Primaries
from services.reconciler.handlers.results import change_list, orphaned_adapters
from services.reconciler.handlers.scaling import Scaler
from services.reconciler.handlers.stages import Stage, Stages
from services.reconciler.handlers.statuses import Statuses, entry_manifest, has_told, letter_of, tells_of_failure
from services.reconciler.status.graphs import ExpectedComponent, GraphFacts, component_state, graph_status
from services.reconciler.status.notes import adapter_notes, caution_notes, change_notes
from services.reconciler.status.obstacles import Obstacle, given_up, not_finalized, refused
from shared.applying.children import Children, Result
from shared.applying.inventories import EMPTY, Inputs, Inventory
from shared.core.errors import PermanentError
from shared.core.json import Manifest, mapping, text
from shared.core.objects import generation_of
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.refusals import without_values
from shared.core.resources import COMPONENTS, POD_CLIQUE_SETS, Ref
from shared.ports.passes import Entry, Work

UNKNOWN_CLUSTER = timedelta(seconds=1)
CLAIM_DRIFTS = "VolumeClaimDiffers"
UNTOLD = 5  # passes without an answer that nobody has to hear of: at first start, discovery may come second


@dataclass(frozen=True, slots=True)
class _Made:
    """What a rendering said that the view does not hold, for as long as its inputs stay the same."""

    inputs: Inputs
    scales: tuple[Scale, ...] = ()
    accounts: tuple[str, ...] = ()  # that the pods need


@dataclass(slots=True)
class GraphHandler:
    """Bring the objects of one graph to what its spec asks for, and report."""

    primaries: Primaries
    children: Children
    stages: Stages
    scaler: Scaler
    finalizers: Finalizers
    statuses: Statuses
    recorder: EventRecorder
    contexts: Contexts
    _made: dict[Ref, _Made] = field(default_factory=dict)

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
            return await self._finish(work, entry.generation, Stage(), Result(inventory=settled))
        try:
            graph = await self.primaries.open(entry, work)
        except NotFinalizedError as error:
            await self._report_failure(work, entry, not_finalized(without_values(str(error))))
            raise
        if graph is None:
            return Done()
        await self.stages.claims.let_go(entry, work)
        stage = await self.stages.of(graph, context, work)
        if stage.is_rendered:
            self._made[work.primary] = _Made(inputs, stage.children.scales, stage.children.accounts)
        wanted = stage.wanted(work, inputs.uid, context)
        keep = partial(self.primaries.keep, epoch=inputs.epoch)  # a component's own pass begins with the answer
        result = await self.children.bring_about(work, inputs, lambda: wanted, on_answer=keep)
        self._tell(graph, stage, result, work)
        if result.is_unfinished(work.view) and has_told(entry):
            result.raise_error()
        return await self._finish(work, generation_of(graph), stage.with_result(result), result)

    async def give_up(self, work: Work, reason: str) -> Outcome:
        """Show on a graph that its passes ended in a dead letter; the next good pass shows something else."""
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting or tells_of_failure(entry):
            return Done()
        return await self._report_failure(work, entry, given_up(without_values(reason), letter_of(work)))

    async def _report_failure(self, work: Work, entry: Entry, obstacle: Obstacle) -> Outcome:
        """Report what ended a pass before anything was compared; what was applied before it stays as it is."""
        inventory = await self.children.inventories.read(work.primary, work.fence)
        return await self._report(work, entry.generation, Stage(obstacle=obstacle), inventory)

    async def _wait_for_cluster(self, work: Work, entry: Entry, obstacle: Obstacle) -> Outcome:
        """Ask again; if it lasts, tell of it on a graph without a status (that of a running graph still holds)."""
        if work.attempt > UNTOLD and not text(entry.summary, "status", "state"):
            await self._report(work, entry.generation, Stage(obstacle=obstacle), EMPTY)
        return Retry(obstacle.text, UNKNOWN_CLUSTER)

    async def _let_go(self, work: Work, entry: Entry | None) -> Outcome:
        """Owner references collect the children; claims that outlive the graph lose theirs before it goes."""
        if entry is not None:
            await self.stages.claims.let_go(entry, work)
            await self.finalizers.release(entry, work)
        await self.children.inventories.forget(work.primary, work.fence)
        self.primaries.drop(work.primary)
        self.statuses.forget(work.primary)
        self._made.pop(work.primary, None)
        self.scaler.forget(work.primary)
        return Done()

    def _tell(self, graph: Manifest, stage: Stage, result: Result, work: Work) -> None:
        """Tell in Events what a person would want to know of what was written, and of what has no effect."""
        orphans = orphaned_adapters(graph, result, work.view)
        changes = [each for each in change_list(result) if (each.kind, each.name) not in orphans]
        notes = [*change_notes(changes), *adapter_notes({name: service for (_, name), service in orphans.items()})]
        if result.is_news:
            drifted = (Caution(CLAIM_DRIFTS, each) for each in drifts(stage.claims, result, work.view))
            notes += caution_notes((*stage.children.cautions, *drifted))
        for note in notes:
            self.recorder.record(note, graph)

    async def _finish(self, work: Work, generation: int, stage: Stage, result: Result) -> Outcome:
        """Scale what Grove has made, report, and only then fail with what went wrong."""
        error = await self._scaling_error(work, stage, result.inventory)
        if isinstance(error, PermanentError) and stage.obstacle is None:
            stage = replace(stage, obstacle=refused(without_values(str(error))))
        outcome = await self._report(work, generation, stage, result.inventory)
        result.raise_error()
        if error is not None:
            raise error
        return Retry(stage.awaited, pause(work.attempt)) if stage.awaited else outcome

    async def _scaling_error(self, work: Work, stage: Stage, inventory: Inventory) -> Exception | None:
        """Scale, unless the graph does not run in a set of ours; return what went wrong with it."""
        if not _runs_in_set(work, stage, inventory):
            return None
        return await self.scaler.bring_about(work, self._scales(work))

    def _scales(self, work: Work) -> Sequence[Scale]:
        """Return where replicas stand: as last rendered, else what the view says of the graph, which knows less.

        The view holds no environment, and so not what a deployment configuration makes of an unset number.
        """
        entry, made = work.view.get(work.primary), self._made.get(work.primary)
        if entry is None:
            return ()
        if made is not None and made.inputs.generation == entry.generation and made.inputs.uid == entry.uid:
            return made.scales
        return scales_of(work.primary.namespace, work.primary.name, mapping(entry.summary, "spec"))

    async def _report(self, work: Work, generation: int, stage: Stage, inventory: Inventory) -> Outcome:
        entry = work.view.get(work.primary)
        if entry is None:
            return Done()
        in_set = _runs_in_set(work, stage, inventory)
        made = self._made.get(work.primary)
        facts = GraphFacts(
            namespace=work.primary.namespace,
            name=work.primary.name,
            generation=generation,
            components=() if in_set else _components(work, stage.children.manifests, inventory),
            gang=observed_gang(work, self._scales(work), inventory) if in_set else None,
            problems=stage.children.problems,
            obstacle=stage.obstacle,
            waits_for=gang_waits_for(work, made.accounts if made is not None else ()) if in_set else (),
            last_services={
                name: dict(mapping(value)) for name, value in mapping(entry.summary, "status", "services").items()
            },
        )
        reported = await self.statuses.report(work, graph_status(facts))
        if reported.answer is not None:
            self.primaries.keep(reported.answer, entry.epoch)
        return reported.outcome


def _runs_in_set(work: Work, stage: Stage, inventory: Inventory) -> bool:
    """Return whether Grove runs the graph: as rendered in this pass, else as applied before."""
    if stage.is_rendered and not stage.children.problems:
        return stage.children.mode is Mode.GROVE
    return Ref(POD_CLIQUE_SETS, work.primary.namespace, work.primary.name) in inventory.children


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
