"""Under which claim a task acts, for those who write down who decided what.

Separate from the fence, which decides whether a write is allowed: a mandate only says who asks. The partition loop sets
it for each pass; whoever leaves a trace (the decision log, the requests to the API server) reads it, so that no handler
has to hand it on. A task that acts under no claim, such as the one that writes Kubernetes Events, has none.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mandate:
    """The claim under which a pass runs, and the edit that it belongs to."""

    unit: str  # the partition
    token: int  # the claim's create revision: it names one holder of one unit, for ever
    correlation: str = ""


MANDATE: ContextVar[Mandate | None] = ContextVar("mandate", default=None)
