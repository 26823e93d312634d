"""One pass over one DynamoComponentDeployment: its workloads, what leads to them, and its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from services.reconciler.desired.children import ComponentChildren, component_children
from services.reconciler.desired.names import FINALIZER
from services.reconciler.desired.steps import COMPONENT_STEPS
from services.reconciler.handlers.contexts import Context, Contexts, inputs_of
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.handlers.finalizers import Finalizers
from services.reconciler.handlers.graphs import UNKNOWN_CLUSTER, UNTOLD
from services.reconciler.handlers.handovers import given_away, giving_way
from services.reconciler.handlers.observations import (
    Unfinished,
    expected_workloads,
    finds_no_room,
    missing_accounts,
    own_workloads,
    stuck_pods,
    unanswered_sets,
)
from services.reconciler.handlers.primaries import Primaries
from services.reconciler.handlers.results import change_list, foreign_problems, obstacle_of
from services.reconciler.handlers.statuses import Statuses, has_told, letter_of, tells_of_failure
from services.reconciler.metrics import RENDER_SECONDS
from services.reconciler.status.components import ComponentFacts, component_status
from services.reconciler.status.notes import caution_notes, change_notes
from services.reconciler.status.obstacles import Obstacle, given_up, invalid, unrenderable
from services.reconciler.status.transitions import groups_first, transition
from services.reconciler.status.workloads import Workload
from shared.api.components import ComponentDeployment
from shared.api.validation.components import judge_component
from shared.applying.children import Children, Result
from shared.applying.inventories import EMPTY, Inventory
from shared.applying.plans import Wanted
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, items
from shared.core.objects import controller_of, generation_of, ref_of
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.refusals import without_values
from shared.core.resources import COMPONENTS, Ref
from shared.ports.passes import Entry, Work

ANSWER_TIME = timedelta(seconds=1)  # within which the controller of a changed set says what it makes of the change


@dataclass(slots=True)
class ComponentHandler:
    """Bring the workloads and Services of one component to what its spec asks for, and report."""

    primaries: Primaries
    children: Children
    finalizers: Finalizers
    statuses: Statuses
    recorder: EventRecorder
    contexts: Contexts
    _accounts: dict[Ref, tuple[str, ...]] = field(default_factory=dict)  # that the pods of a component need

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
            return await self._report(work, entry.generation, _End(settled, tuple(settled.children)))
        component = await self.primaries.open(entry, work)
        if component is None:
            return Done()
        rendered, obstacle = _rendered(component, context)
        before = own_workloads(work, inputs.uid)
        wanted = _wanted(work, before, rendered.manifests, keeps_unwanted=obstacle is not None)
        wanted = _handed_over(wanted, entry, work, context)
        result = await self.children.bring_about(work, inputs, lambda: wanted)
        self._accounts[work.primary] = rendered.accounts
        self._tell(component, rendered, result)
        if result.is_unfinished(work.view) and has_told(entry):
            result.raise_error()
        needed = map(ref_of, wanted.manifests) if obstacle is None else result.inventory.children
        taken = foreign_problems(result)
        obstacle = obstacle or obstacle_of(result, COMPONENT_STEPS) or (unrenderable(taken[0]) if taken else None)
        unanswered = unanswered_sets(work, before, result.inventory)
        unfinished = Unfinished(frozenset({*wanted.held, *wanted.renewed}), unanswered)
        outcome = await self._report(
            work, generation_of(component), _End(result.inventory, tuple(needed), obstacle, unfinished)
        )
        result.raise_error()
        return Retry("a changed set has not answered yet", ANSWER_TIME) if unanswered else outcome

    async def give_up(self, work: Work, reason: str) -> Outcome:
        """Show on a component that its passes ended in a dead letter; the next good pass shows something else."""
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting or tells_of_failure(entry):
            return Done()
        inventory = await self.children.inventories.read(work.primary, work.fence)
        obstacle = given_up(without_values(reason), letter_of(work))
        return await self._report(work, entry.generation, _End(inventory, tuple(inventory.children), obstacle))

    async def _wait_for_cluster(self, work: Work, entry: Entry, obstacle: Obstacle) -> Outcome:
        """Ask again; if it lasts, tell of it on a component without a status (that of a running one still holds)."""
        if work.attempt > UNTOLD and not items(entry.summary, "status", "conditions"):
            await self._report(work, entry.generation, _End(EMPTY, (), obstacle))
        return Retry(obstacle.text, UNKNOWN_CLUSTER)

    async def _let_go(self, work: Work, entry: Entry | None) -> Outcome:
        """Owner references collect the children; nothing is left to do but to let the object go.

        What processes register in etcd ends with their leases: no store is asked for it, and none can block (W-53).
        """
        if entry is not None:
            await self.finalizers.release(entry, work)
        await self.children.inventories.forget(work.primary, work.fence)
        self.primaries.drop(work.primary)
        self.statuses.forget(work.primary)
        self._accounts.pop(work.primary, None)
        return Done()

    def _tell(self, component: Manifest, rendered: ComponentChildren, result: Result) -> None:
        """Tell in Events what a person would want to know: of a graph's component only what went wrong."""
        notes = change_notes(change_list(result))
        if controller_of(component) is not None:
            notes = [note for note in notes if note.type == "Warning"]
        if result.is_news:
            notes += caution_notes(rendered.cautions)
        for note in notes:
            self.recorder.record(note, component)

    async def _report(self, work: Work, generation: int, end: _End) -> Outcome:
        facts = ComponentFacts(
            namespace=work.primary.namespace,
            name=work.primary.name,
            generation=generation,
            workloads=expected_workloads(work, end.needed, end.inventory, end.unfinished),
            obstacle=end.obstacle,
            waits_for=(*missing_accounts(work, self._accounts.get(work.primary, ())), *stuck_pods(work)),
        )
        reported = await self.statuses.report(work, component_status(facts))
        if reported.answer is not None:
            self.primaries.keep(reported.answer, end.inventory.epoch)
        return reported.outcome


@dataclass(frozen=True, slots=True)
class _End:
    """What became of a component in one pass before its status is computed."""

    inventory: Inventory
    needed: tuple[Ref, ...]  # as rendered in this pass, else as applied before
    obstacle: Obstacle | None = None
    unfinished: Unfinished = Unfinished()  # noqa: RUF009  # frozen and empty


def _rendered(component: Manifest, context: Context) -> tuple[ComponentChildren, Obstacle | None]:
    """Render a component that the rules accept; with an obstacle it keeps what runs."""
    try:
        verdict = judge_component(ComponentDeployment.parse(component).spec, "spec")
        if not verdict.is_accepted:
            return ComponentChildren(), invalid(verdict.message)
        with RENDER_SECONDS.labels(COMPONENTS.kind).time():
            found = component_children(component, context.platform, context.surroundings)
    except InvalidObjectError as error:
        return ComponentChildren(), invalid(str(error))
    return found, unrenderable(found.problem) if found.problem is not None else None


def _handed_over(wanted: Wanted, entry: Entry, work: Work, context: Context) -> Wanted:
    """Return what a component wants while its graph changes between components and a set of Grove's."""
    given = given_away(wanted.manifests, entry, work.view, context.platform)
    own = [manifest for manifest in wanted.manifests if ref_of(manifest) not in given]
    back = giving_way(entry, work.view, context.platform)
    return replace(wanted, manifests=own, held=frozenset({*wanted.held, *given}), inherits=back)


def _wanted(
    work: Work, observed: Mapping[Ref, Workload], manifests: Sequence[Manifest], *, keeps_unwanted: bool
) -> Wanted:
    """Return what is to be brought about now: some workloads wait until others are ready."""
    refs = {ref_of(each) for each in manifests}
    changes_shape = not observed.keys() <= refs
    step = transition(manifests, observed, finds_no_room=changes_shape and finds_no_room(work, refs))
    return Wanted(
        manifests,
        keeps_unwanted=keeps_unwanted,
        after=groups_first(manifests),
        held=step.held,
        renewed=step.renewed,
    )
