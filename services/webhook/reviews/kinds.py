"""The kinds that are reviewed, each with the name and path under which the API server knows its review.

One list, read by the server and by the registration, so that neither can have an entry that the other lacks. Names
and paths are those of the reference platform: existing configurations keep working.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.webhook.reviews.answers import Answer
from services.webhook.reviews.graphs import review_graph
from services.webhook.reviews.questions import Question
from shared.api.validation.identities import Policy
from shared.core.resources import GRAPHS, Resource


@dataclass(frozen=True, slots=True)
class ReviewedKind:
    """One kind with its review."""

    resource: Resource
    webhook: str
    path: str
    review: Callable[[Question, Policy], Answer]


REVIEWED_KINDS: tuple[ReviewedKind, ...] = (
    ReviewedKind(
        GRAPHS, "vdynamographdeployment.kb.io", "/validate-nvidia-com-v1alpha1-dynamographdeployment", review_graph
    ),
)
