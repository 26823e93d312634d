"""The stored objects of the fake cluster: names, versions, the log of changes, finalizers and garbage.

Synchronous, so that a test can act on the cluster as another actor between any two requests. Every stored object is
never changed in place: the log and all watchers share it, and whoever asks gets a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

import orjson

from shared.core.errors import AlreadyExistsError, ForbiddenError, InvalidObjectError, NotFoundError
from shared.core.json import Manifest
from shared.core.objects import finalizers_of, is_deleting, owners_of, ref_of, uid_of
from shared.core.resources import ADD_ONS, KNOWN, NAMESPACES, Ref, Resource
from shared.testing import cluster_writes
from shared.testing.cluster_patches import json_patch
from shared.testing.cluster_scales import scale_of, scaled
from shared.testing.cluster_writes import Write


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log: what an object was and what it became; None is absence."""

    version: int
    ref: Ref
    before: Manifest | None
    after: Manifest | None

    @property
    def gone(self) -> Manifest:
        """Return what a watch shows of an object that left it: its state before, with the version of the change."""
        before = self.before or {"metadata": {}}
        return {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.version)}}


@dataclass(slots=True)
class Objects:
    """All objects, in the order of their making."""

    time: Callable[[], str]
    collects_at_once: bool = True
    served: set[Resource] = field(default_factory=lambda: set(KNOWN) - ADD_ONS)
    stored: dict[Ref, Manifest] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    version: int = 1
    oldest: int = 0  # history up to and with this version is gone
    listeners: list[Callable[[Change], None]] = field(default_factory=list)
    _made: int = 0

    def of(self, resource: Resource) -> list[Manifest]:
        """Return the objects of a resource by namespace and name."""
        found = [ref for ref in self.stored if ref.resource == resource]
        return [self.stored[ref] for ref in sorted(found, key=lambda ref: (ref.namespace, ref.name))]

    def create(self, write: Write, manifest: Manifest) -> Manifest:
        """Store a new object."""
        ref = self._writable(manifest)
        if ref in self.stored:
            raise AlreadyExistsError(f"{ref} already exists")
        if ref.resource.namespaced:
            self._check_namespace(ref)
        self._made += 1
        return self._store(ref, cluster_writes.created(write, manifest, uid=str(UUID(int=self._made << 96))))

    def apply(self, write: Write, manifest: Manifest, *, force: bool, dry_run: bool = False) -> Manifest:
        """Server-side apply; creates what does not exist unless the manifest names a uid or version."""
        write = replace(write, operation="Apply")
        ref = self._writable(manifest)
        if manifest["metadata"].get("managedFields"):
            raise InvalidObjectError("metadata.managedFields must be nil")
        live = self.stored.get(ref)
        if live is None:
            metadata = manifest["metadata"]
            if write.subresource or metadata.get("uid") or metadata.get("resourceVersion"):
                raise NotFoundError(f"{ref} not found")
            return self.create(write, manifest)
        cluster_writes.guard(live, manifest)
        changed = cluster_writes.applied(write, live, manifest, force=force)
        return changed if dry_run or changed is live else self._store(ref, changed)

    def replace(self, write: Write, ref: Ref, change: Callable[[Manifest], Manifest]) -> Manifest:
        """Change an object to what a function makes of a copy of it."""
        live = self.existing(ref)
        changed = change(orjson.loads(orjson.dumps(live)))
        cluster_writes.guard(live, changed)
        after = cluster_writes.updated(write, live, changed)
        return after if after is live else self._store(ref, after)

    def patch(self, write: Write, ref: Ref, operations: list[dict[str, object]]) -> Manifest:
        """Change an object, or its scale, by a JSON patch; return what was patched."""
        if write.subresource == "scale":
            return scale_of(self.replace(write, ref, lambda live: scaled(live, operations)))
        return self.replace(write, ref, lambda live: json_patch(live, operations))

    def delete(self, ref: Ref, *, propagation: str = "Background") -> None:
        """Delete an object, or mark it while finalizers hold it."""
        live = self.existing(ref)
        if propagation == "Orphan":
            self._orphan(uid_of(live))
        if finalizers_of(live) or (ref.resource == NAMESPACES and self._empty_namespace(ref.name)):
            if not is_deleting(live):
                self._store(ref, cluster_writes.marked_for_deletion(self._as_server(ref), live))
        else:
            self._remove(ref)

    def existing(self, ref: Ref) -> Manifest:
        """Return a stored object; raise NotFoundError where there is none."""
        live = self.stored.get(ref)
        if live is None or ref.resource not in self.served:
            raise NotFoundError(f"{ref} not found")
        return live

    def collect_garbage(self) -> None:
        """Delete what has owner references and no owner left, until nothing more is to be done."""
        while True:
            uids = {uid_of(manifest) for manifest in self.stored.values()}
            orphans = [
                ref
                for ref, manifest in self.stored.items()
                if owners_of(manifest)
                and not is_deleting(manifest)
                and not any(owner.uid in uids for owner in owners_of(manifest))
            ]
            if not orphans:
                return
            for ref in orphans:
                if ref in self.stored:
                    self.delete(ref)

    def _writable(self, manifest: Manifest) -> Ref:
        ref = ref_of(manifest)
        if ref.resource not in self.served:
            raise NotFoundError(f"the server does not serve {ref.resource.group_resource}")
        if ref.resource.namespaced != bool(ref.namespace):
            raise InvalidObjectError(f"{ref}: the namespace does not fit the scope of the kind")
        return ref

    def _check_namespace(self, ref: Ref) -> None:
        namespace = self.stored.get(Ref(NAMESPACES, "", ref.namespace))
        if namespace is None:
            raise NotFoundError(f'namespaces "{ref.namespace}" not found')
        if is_deleting(namespace):
            raise ForbiddenError(f"namespace {ref.namespace} is being terminated")

    def _store(self, ref: Ref, manifest: Manifest) -> Manifest:
        before = self.stored.get(ref)
        if is_deleting(manifest) and not finalizers_of(manifest) and ref.resource != NAMESPACES:
            # The write that takes the last finalizer away is not stored: it is the deletion.
            self._remove(ref)
            return manifest
        self.version += 1
        after = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": str(self.version)}}
        self.stored[ref] = after
        self._log(Change(self.version, ref, before, after))
        return after

    def _remove(self, ref: Ref) -> None:
        before = self.stored.pop(ref)
        self.version += 1
        self._log(Change(self.version, ref, before, None))
        self._finish_namespace(ref.namespace)
        if self.collects_at_once:
            self.collect_garbage()

    def _log(self, change: Change) -> None:
        self.changes.append(change)
        for listener in tuple(self.listeners):
            listener(change)

    def _empty_namespace(self, name: str) -> bool:
        """Delete everything in a namespace; return whether something is left that waits for finalizers."""
        for ref in [ref for ref in self.stored if ref.namespace == name]:
            if ref in self.stored:
                self.delete(ref)
        return any(ref.namespace == name for ref in self.stored)

    def _finish_namespace(self, name: str) -> None:
        home = Ref(NAMESPACES, "", name)
        is_going = name and home in self.stored and is_deleting(self.stored[home])
        if is_going and not any(ref.namespace == name for ref in self.stored):
            self._remove(home)

    def _orphan(self, uid: str) -> None:
        for ref, manifest in list(self.stored.items()):
            if any(owner.uid == uid for owner in owners_of(manifest)):
                kept = [item for item in manifest["metadata"]["ownerReferences"] if item["uid"] != uid]
                metadata = {**manifest["metadata"], "ownerReferences": kept}
                self._store(
                    ref, cluster_writes.updated(self._as_server(ref), manifest, {**manifest, "metadata": metadata})
                )

    def _as_server(self, ref: Ref) -> Write:
        return Write(ref.resource, "kube-apiserver", self.time())
