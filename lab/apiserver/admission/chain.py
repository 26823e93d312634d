"""Decides in which order admission is asked, and does nothing where nobody asked to be asked.

Separate from the calls themselves. Invariant: while no webhook is configured, a write pays one comparison for it.
"""

from __future__ import annotations

from lab.apiserver.admission.reviews import Review
from lab.apiserver.documents import Document
from lab.apiserver.storage.store import Store


class Admission:
    """Everyone who has a say in writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_idle(self) -> bool:
        """Whether nobody has to be asked."""
        return True

    async def mutate(self, review: Review, warnings: list[str]) -> Document:
        """Return the object as mutating webhooks leave it."""
        assert review.object is not None
        return review.object

    async def validate(self, review: Review, warnings: list[str]) -> None:
        """Ask the validating webhooks."""

    async def admit_delete(self, review: Review, warnings: list[str]) -> None:
        """Ask all webhooks about a delete."""
