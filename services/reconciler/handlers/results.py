"""What the result of writing children means for status and Events: pure."""

from __future__ import annotations

from services.reconciler.desired.problems import Problem
from services.reconciler.status.notes import Change, Verb
from services.reconciler.status.obstacles import Obstacle, refused
from shared.applying.children import Result
from shared.core.errors import PermanentError
from shared.core.refusals import without_values

_VERBS: dict[str, Verb] = {"created": "created", "updated": "updated", "repaired": "updated"}


def change_list(result: Result) -> list[Change]:
    """Return what was written, for the Events; a conflict or a lost connection is no news (OB-04)."""
    if result.plan is None or result.written is None:
        return []
    done = [
        Change(_VERBS[change.reason], change.ref.resource.kind, change.ref.name)
        for change in result.plan.changes
        if change.ref in result.written.answers and change.ref not in result.written.unchanged
    ]
    return done + [Change("deleted", ref.resource.kind, ref.name) for ref in sorted(result.written.deleted)]


def obstacle_of(result: Result) -> Obstacle | None:
    """Return what the API server refused; what waiting may heal is retried in silence."""
    error = result.written.error if result.written is not None else None
    return refused(without_values(str(error))) if isinstance(error, PermanentError) else None


def foreign_problems(result: Result) -> list[Problem]:
    """Return a problem for each wanted name that another owner controls: it is never taken over."""
    if result.plan is None:
        return []
    return [
        Problem(
            f"{ref.resource.kind} {ref.name}",
            f"{ref.resource.kind} {ref.name} exists and another owner controls it",
            "NameTaken",
            f"rename the service, or remove {ref.resource.kind} {ref.name}",
        )
        for ref in result.plan.foreign
    ]
