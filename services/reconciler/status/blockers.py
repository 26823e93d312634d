"""Why something is not ready: which object it waits for, a code, and what would change that.

The reference's own conditions keep their exact words; what a person needs to act goes into `Ready`'s companions
`Reconciling` and `Stalled`. Texts never repeat values that users wrote, since conditions are read by many.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.desired.problems import Problem


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why an object is not ready."""

    subject: str  # the object that blocks, such as `Deployment llm/chat-frontend`
    code: str
    what: str
    remedy: str  # empty when `what` is an explanation in whole sentences already
    is_terminal: bool = False  # nothing happens by itself: somebody has to change something

    @property
    def message(self) -> str:
        """Return the whole explanation as one line."""
        if not self.remedy:
            return self.what
        return f"{self.subject}: {self.what}. To go on: {self.remedy}."


def of_problem(problem: Problem, namespace: str) -> Blocker:
    """Return the blocker that something which cannot be rendered is."""
    return Blocker(
        f"{problem.subject} in namespace {namespace}", problem.code, problem.text, problem.remedy, is_terminal=True
    )


def missing_account(namespace: str, name: str) -> Blocker:
    """Return the blocker that an account is which pods need and which does not exist yet."""
    return Blocker(
        f"ServiceAccount {namespace}/{name}",
        "ServiceAccountMissing",
        "it does not exist yet, so no pod can be created",
        "the rbac service makes it; see its log if this lasts",
    )
