"""The Kubernetes API as the platform uses it.

Writes are guarded by what they carry (field manager, uid, resourceVersion); their answers are the objects as stored,
so that a pass reads its own writes without asking again. Errors are those of `shared.core.errors`:
`ConflictError` (409), `NotFoundError` (404 on a guarded write), `AlreadyExistsError`, `InvalidObjectError` (400, 422),
`ForbiddenError` (401, 403), `UnreachableError`, `UnknownResultError` (a write without an answer), `ExpiredError` (410).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.core.json import Manifest
from shared.core.resources import Ref, Resource


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a resource are followed."""

    namespace: str = ""  # all
    label_selector: str = ""
    field_selector: str = ""
    metadata_only: bool = False


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A complete, consistent list; everything that is not in it does not exist at its version."""

    items: tuple[Manifest, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Observed:
    """One object was added, changed or deleted (then with its last state)."""

    change: Literal["added", "modified", "deleted"]
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Nothing else happened up to this version."""

    version: int


@dataclass(frozen=True, slots=True)
class Absent:
    """The server does not serve the resource (any more); it is looked for again later."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The watch broke and is resumed: whoever answers now may be another server, or one with another history."""


Observation = Snapshot | Observed | Bookmark | Absent | Interrupted


class Cluster(Protocol):
    """Single objects: read and guarded writes."""

    async def get(self, ref: Ref) -> Manifest | None:
        """Return an object, or None where there is none."""
        ...

    async def apply(
        self, manifest: Manifest, *, manager: str, subresource: str = "", force: bool = True, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply: the manifest is the manager's whole set. With `metadata.uid` it never creates."""
        ...

    async def create(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Create an object; raise AlreadyExistsError where one has its name."""
        ...

    async def patch(
        self, ref: Ref, operations: Sequence[Mapping[str, object]], *, manager: str, subresource: str = ""
    ) -> Manifest:
        """JSON patch; its `test` operations are the guard (a failed one is a ConflictError)."""
        ...

    async def delete(self, ref: Ref, *, uid: str, version: str = "", propagation: str = "Background") -> None:
        """Delete the object with this uid; an object that is gone already is no error."""
        ...

    async def list(self, resource: Resource, selection: Selection = EVERYTHING) -> Snapshot:
        """Return all objects, in one consistent list (never `resourceVersion=0`)."""
        ...

    async def may(self, verb: str, resource: Resource) -> bool:
        """Return whether the caller may do something with a resource in all namespaces."""
        ...

    async def version(self) -> str:
        """Return what the server calls its version."""
        ...

    async def served_groups(self) -> Mapping[str, frozenset[str]]:
        """Return the API groups the server offers, each with its `plural` resources at any version."""
        ...


class Informer(Protocol):
    """Lists and watches."""

    def follow(
        self, resource: Resource, selection: Selection = EVERYTHING, *, resume_from: int | None = None
    ) -> AsyncIterator[Observation]:
        """Yield what happens to a resource, for ever: first a Snapshot, or what followed `resume_from`.

        Broken watches are resumed with jittered back-off; when history is gone a new Snapshot comes. The iterator
        ends only when it is closed.
        """
        ...
