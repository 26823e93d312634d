"""One pass over one DynamoComponentDeployment: its workload, its Service and its status."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.reconciler.desired.children import ComponentChildren, component_children
from services.reconciler.desired.names import FINALIZER, discovery_account
from services.reconciler.handlers.contexts import Context, Contexts, inputs_of
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.handlers.finalizers import Finalizers
from services.reconciler.handlers.graphs import UNKNOWN_CLUSTER
from services.reconciler.handlers.primaries import Primaries
from services.reconciler.handlers.results import change_list, foreign_problems, obstacle_of
from services.reconciler.handlers.routes import component_of_pod
from services.reconciler.handlers.statuses import Statuses, entry_manifest, has_told, letter_of, tells_of_failure
from services.reconciler.status.blockers import Blocker, missing_account
from services.reconciler.status.components import ComponentFacts, component_status
from services.reconciler.status.notes import caution_notes, change_notes
from services.reconciler.status.obstacles import Obstacle, given_up, invalid, unrenderable
from services.reconciler.status.pods import pod_blockers
from services.reconciler.status.workloads import workload
from shared.applying.children import Children, Result
from shared.applying.inventories import Inventory
from shared.applying.plans import Wanted
from shared.contracts.keys import graph_key
from shared.core import labels
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.objects import controller_of, generation_of
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.refusals import without_values
from shared.core.resources import DEPLOYMENTS, PODS, SERVICE_ACCOUNTS, Ref
from shared.ports.passes import Entry, Work


@dataclass(slots=True)
class ComponentHandler:
    """Bring the workload and the Service of one component to what its spec asks for, and report."""

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
            return Retry(context.text, UNKNOWN_CLUSTER)
        inputs = inputs_of(entry, context.digest)
        settled = await self.children.settled(work, inputs) if FINALIZER in entry.finalizers else None
        if settled is not None:
            return await self._report(work, entry.generation, None, settled)
        component = await self.primaries.open(entry, work)
        if component is None:
            return Done()
        rendered, obstacle = _rendered(component, context)
        wanted = Wanted(rendered.manifests, keeps_unwanted=obstacle is not None)
        result = await self.children.bring_about(work, inputs, lambda: wanted)
        self._accounts[work.primary] = rendered.accounts
        self._tell(component, rendered, result)
        if result.is_unfinished(work.view) and has_told(entry):
            result.raise_error()
        taken = foreign_problems(result)
        obstacle = obstacle or obstacle_of(result) or (unrenderable(taken[0]) if taken else None)
        outcome = await self._report(work, generation_of(component), obstacle, result.inventory)
        result.raise_error()
        return outcome

    async def give_up(self, work: Work, reason: str) -> Outcome:
        """Show on a component that its passes ended in a dead letter; the next good pass shows something else."""
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting or tells_of_failure(entry):
            return Done()
        inventory = await self.children.inventories.read(work.primary, work.fence)
        obstacle = given_up(without_values(reason), letter_of(work))
        return await self._report(work, entry.generation, obstacle, inventory)

    async def _let_go(self, work: Work, entry: Entry | None) -> Outcome:
        """Owner references collect the children; nothing is left to do but to let the object go."""
        if entry is not None:
            await self.finalizers.release(entry, work)
        await self.children.inventories.forget(work.primary, work.fence)
        self.primaries.drop(work.primary)
        self._accounts.pop(work.primary, None)
        return Done()

    def _tell(self, component: Manifest, rendered: ComponentChildren, result: Result) -> None:
        """Tell in Events what a person would want to know: of a graph's component only what went wrong."""
        notes = change_notes(change_list(result))
        if controller_of(component) is not None:
            notes = [note for note in notes if note.type == "Warning"]
        if result.plan is not None and not result.plan.is_empty:
            notes += caution_notes(rendered.cautions)
        for note in notes:
            self.recorder.record(note, component)

    async def _report(self, work: Work, generation: int, obstacle: Obstacle | None, inventory: Inventory) -> Outcome:
        ref = next((ref for ref in inventory.children if ref.resource is DEPLOYMENTS), None)
        seen = work.view.get(ref) if ref is not None else None
        applied = inventory.children[ref] if ref is not None else None
        is_own = seen is not None and applied is not None and seen.uid == applied.uid and not seen.is_deleting
        facts = ComponentFacts(
            namespace=work.primary.namespace,
            name=work.primary.name,
            generation=generation,
            workload=workload(entry_manifest(seen)) if is_own and seen is not None else None,
            applied_generation=applied.generation if applied is not None else 0,
            obstacle=obstacle,
            waits_for=(*_missing_accounts(work, self._accounts.get(work.primary, ())), *_stuck_pods(work)),
        )
        reported = await self.statuses.report(work, component_status(facts))
        if reported.answer is not None:
            self.primaries.keep(reported.answer, inventory.epoch)
        return reported.outcome


def _rendered(component: Manifest, context: Context) -> tuple[ComponentChildren, Obstacle | None]:
    """Render a component; with an obstacle it keeps what runs."""
    try:
        found = component_children(component, context.platform, context.surroundings)
    except InvalidObjectError as error:
        return ComponentChildren(), invalid(str(error))
    return found, unrenderable(found.problem) if found.problem is not None else None


def _missing_accounts(work: Work, needed: tuple[str, ...]) -> tuple[Blocker, ...]:
    """Return the graph's own account if pods need it and it is not there; a namespace's accounts are not in view."""
    entry = work.view.get(work.primary)
    if entry is None or entry.owner is None:
        return ()
    namespace, own = entry.ref.namespace, discovery_account(entry.owner.name)
    is_missing = own in needed and work.view.get(Ref(SERVICE_ACCOUNTS, namespace, own)) is None
    return (missing_account(namespace, own),) if is_missing else ()


def _stuck_pods(work: Work) -> tuple[Blocker, ...]:
    """Return what keeps the component's pods from running."""
    entry = work.view.get(work.primary)
    if entry is None:
        return ()
    graph = entry.labels.get(labels.GRAPH_NAME) or entry.ref.name
    pods = work.view.of_key(graph_key(entry.ref.namespace, graph), PODS)
    own = [
        entry_manifest(pod)
        for pod in pods
        if not pod.is_deleting and component_of_pod(entry.ref.namespace, pod.labels) == work.primary
    ]
    return pod_blockers(own)
