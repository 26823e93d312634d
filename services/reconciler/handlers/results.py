"""What the result of writing children means for status and Events: pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.reconciler.desired.names import component_name
from services.reconciler.desired.problems import Problem
from services.reconciler.status.notes import Change, Verb
from services.reconciler.status.obstacles import Obstacle, refused, unserved
from shared.applying.children import Result
from shared.core.errors import NotFoundError, PermanentError
from shared.core.json import Manifest, mapping, text
from shared.core.objects import name_of
from shared.core.refusals import without_values
from shared.core.resources import POD_CLIQUE_SETS, SCALING_ADAPTERS, Ref, Resource
from shared.ports.passes import Entry, View

_VERBS: dict[str, Verb] = {"created": "created", "updated": "updated", "repaired": "updated"}


def change_list(result: Result) -> list[Change]:
    """Return what was written or refused, for the Events; a conflict or a lost connection is no news (OB-04)."""
    if result.plan is None or result.written is None:
        return []
    done = [
        Change(_VERBS[change.reason], change.ref.resource.kind, change.ref.name)
        for change in result.plan.changes
        if change.ref in result.written.answers and change.ref not in result.written.unchanged
    ]
    done += [Change("deleted", ref.resource.kind, ref.name) for ref in sorted(result.written.deleted)]
    verbs = {change.ref: _VERBS[change.reason] for change in result.plan.changes}
    return done + [
        Change(verbs.get(ref, "deleted"), ref.resource.kind, ref.name, error=without_values(str(error)))
        for ref, error in sorted(result.written.refused.items())
    ]


def obstacle_of(result: Result, steps: Mapping[Resource, str] = MappingProxyType({})) -> Obstacle | None:
    """Return what the API server refused; what waiting may heal is retried in silence.

    `steps` are the words that the reference puts before an error, by the kind that was to be written.
    """
    error = result.written.error if result.written is not None else None
    if not isinstance(error, PermanentError | NotFoundError):
        return None
    step = next((f"{steps[ref.resource]}: " for ref in _missed(result) if ref.resource in steps), "")
    said = step + without_values(str(error))
    # No child is applied under a condition, so what is not found is its kind: its definition has just been removed.
    return unserved(said) if isinstance(error, NotFoundError) else refused(said)


def _missed(result: Result) -> list[Ref]:
    """Return what was tried to be written and was not answered; what only waited for that was not tried."""
    changes = result.plan.changes if result.plan is not None else ()
    answers = result.written.answers if result.written is not None else {}
    missed = {change.ref: change.after for change in changes if change.ref not in answers}
    return sorted(ref for ref, after in missed.items() if after not in missed)


def foreign_problems(result: Result) -> list[Problem]:
    """Return a problem for each wanted name that another owner controls: it is never taken over."""
    if result.plan is None:
        return []
    return [
        Problem(
            f"{ref.resource.kind} {ref.name}",
            f"{ref.resource.kind} {ref.name} exists and another owner controls it",
            "NameTaken",
            f"rename the {_named_after(ref)}, or remove {ref.resource.kind} {ref.name}",
        )
        for ref in result.plan.foreign
    ]


def _named_after(ref: Ref) -> str:
    return "graph" if ref.resource is POD_CLIQUE_SETS else "service"


def orphaned_adapters(graph: Manifest, result: Result, view: View) -> dict[tuple[str, str], str]:
    """Return the service of each scaling adapter, by kind and name, that was deleted because its service is gone.

    The adapter's own event may be faster than the pass; then its name tells the service, in lower case.
    """
    services = {component_name(name_of(graph), service) for service in mapping(graph, "spec", "services")}
    deleted = result.written.deleted if result.written is not None else frozenset()
    return {
        (ref.resource.kind, ref.name): _service_of(view.get(ref)) or ref.name.removeprefix(f"{name_of(graph)}-")
        for ref in deleted
        if ref.resource is SCALING_ADAPTERS and ref.name not in services
    }


def _service_of(adapter: Entry | None) -> str:
    return text(adapter.summary, "spec", "dgdRef", "serviceName") if adapter is not None else ""
