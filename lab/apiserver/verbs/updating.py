"""Decides what becomes of an object that exists: replaced, patched or applied, on the object itself or a subresource.

All three go through `Update`, which differs only in how the wanted document is made. Invariant: a write that changes
nothing stores nothing, and one that raced with another starts over or is refused, never overwrites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.apiserver.admission.reviews import Review
from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps, timestamp
from lab.apiserver.errors import MODIFIED, Cause, bad_request, conflict, internal, invalid, not_found
from lab.apiserver.ownership.managers import track_write, unless_only_times_differ
from lab.apiserver.registry.resources import ScalePaths, read_path
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.storage.records import Record, record_key
from lab.apiserver.strategies.addresses import keep_addresses
from lab.apiserver.strategies.generation import asks_for_more
from lab.apiserver.strategies.metadata import finalizer_warnings
from lab.apiserver.verbs.calls import Call, Result
from lab.apiserver.verbs.checks import check_changed
from lab.apiserver.verbs.incoming import check_type, report, settle, settled_part
from lab.apiserver.verbs.reset import reset_fields
from lab.apiserver.verbs.scaling import scale_of, with_replicas
from lab.apiserver.views.conversion import body_of, read_document, stored_form

MAX_TRIES = 5
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an update asks for: the whole object, and whether its owners were already decided by an apply."""

    document: Document
    version: str = ""  # the resourceVersion that the request insists on
    is_owned: bool = False
    strict_uid: bool = False
    operation: str = "Update"  # under which the written fields are owned


Change = Callable[[Document], Wanted]


@dataclass(frozen=True, slots=True)
class Update:
    """One write to an object that exists."""

    cluster: Cluster
    call: Call
    change: Change

    async def run(self) -> Result:
        """Write, starting over when somebody else wrote meanwhile."""
        call = self.call
        collection = self.cluster.collection(call.resource)
        key = record_key(call.target.namespace, call.target.name)
        warnings = len(call.warnings)
        for _attempt in range(MAX_TRIES):
            del call.warnings[warnings:]
            record = collection.get(key)
            if record is None:
                raise not_found(call.resource.plural, call.resource.group, call.target.name)
            result = await self._try(record)
            if result is not None:
                return result
        raise self._conflict(MODIFIED)

    def _conflict(self, why: str) -> Exception:
        resource = self.call.resource
        return conflict(resource.plural, resource.group, self.call.target.name, why)

    async def _try(self, record: Record) -> Result | None:
        """Write onto one state of the object; None if it is not the newest any more."""
        resource = self.call.resource
        live = read_document(record, resource)
        wanted = self.change(live)
        self._check_precondition(wanted, record, live)
        document = self._prepared(wanted, live)
        document = self._owned(document, live, wanted)
        document = await self._admitted(document, live)
        newest = self.cluster.collection(resource).get(record.key)
        if newest is None or newest.version != record.version:
            return None
        return self._stored(document, live, newest)

    def _check_precondition(self, wanted: Wanted, record: Record, live: Document) -> None:
        uid = wanted.document["metadata"].get("uid")
        if wanted.strict_uid and uid and uid != record.uid:
            resource = self.call.resource
            root = "apiextensions.kubernetes.io/" if resource.custom else ""
            group = f"{resource.group}/" if resource.custom else ""
            raise self._conflict(
                f"StorageError: invalid object, Code: 4, Key: /registry/{root}{group}{resource.plural}/{record.key}, "
                "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: "
                f"{uid}, UID in object meta: {record.uid}"
            )
        if not wanted.version:
            return
        if not wanted.version.isdigit():
            raise internal(f'strconv.ParseUint: parsing "{wanted.version}": invalid syntax')
        if wanted.version != live["metadata"]["resourceVersion"]:
            raise self._conflict(MODIFIED)

    def _prepared(self, wanted: Wanted, live: Document) -> Document:
        """Return the document with everything that the request may not decide taken from the live one."""
        resource, document = self.call.resource, wanted.document
        if self.call.target.subresource == "status":
            return self._status_of(document, live)
        metadata = document["metadata"]
        _keep_identity(metadata, live["metadata"])
        if resource.has_status:
            document = {key: value for key, value in document.items() if key != "status"}
            if "status" in live:
                document["status"] = live["status"]
        keeps_nulls = wanted.is_owned and resource.custom  # an applied null is refused, or kept where it may be null
        known = settled_part(live, resource)
        document = apply_defaults(document, resource.schema(), drop_nulls=not keeps_nulls, known=known)
        if (resource.group, resource.plural) == ("", "services"):
            keep_addresses(document, live)
        resource.strategy.default(document)
        if (resource.group, resource.plural) == ("", "services"):
            self.cluster.addresses.assign(document)
        resource.strategy.prepare(document, live)
        if resource.strategy.counts_generation and asks_for_more(document, live, status_aside=resource.has_status):
            metadata["generation"] = live["metadata"].get("generation", 0) + 1
        self.call.warnings += finalizer_warnings(metadata, live["metadata"])
        return document

    def _status_of(self, document: Document, live: Document) -> Document:
        """Return the live object with the status of the document."""
        resource = self.call.resource
        metadata = live["metadata"]
        if "managedFields" in document["metadata"]:
            metadata = {**metadata, "managedFields": document["metadata"]["managedFields"]}
        sent_uid = document["metadata"].get("uid")
        if sent_uid and not resource.custom:
            metadata = {**metadata, "uid": sent_uid}  # validation refuses another one; custom resources ignore it
        changed = {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}
        if document.get("status") is not None:
            changed["status"] = document["status"]
        changed = apply_defaults(changed, resource.schema(), known=settled_part(live, resource))
        resource.strategy.prepare(changed, live)
        return changed

    def _owned(self, document: Document, live: Document, wanted: Wanted) -> Document:
        if wanted.is_owned:
            return unless_only_times_differ(live, document)
        resource, subresource = self.call.resource, self.call.target.subresource
        return track_write(
            live,
            document,
            schema=resource.schema(),
            manager=self.call.options.manager,
            operation=wanted.operation,
            api_version=resource.api_version,
            subresource=subresource,
            time=None if subresource == "scale" else timestamp(),
            reset=reset_fields(resource, subresource),
        )

    async def _admitted(self, document: Document, live: Document) -> Document:
        admission = self.cluster.admission
        if admission.is_idle:
            self._check(document, live)
            return document
        resource = self.call.resource
        if self.call.target.subresource == "scale" and resource.scale is not None:
            return await self._admitted_scale(document, live, resource.scale)
        review = Review.of_update(self.call, document, live)
        document = await admission.mutate(review, self.call.warnings)
        self._check(document, live)
        await admission.validate(review.with_object(document), self.call.warnings)
        return document

    async def _admitted_scale(self, document: Document, live: Document, paths: ScalePaths) -> Document:
        """Ask about the Scale instead of the object behind it."""
        admission, resource = self.cluster.admission, self.call.resource
        before = scale_of(live, resource, paths)
        review = Review.of_update(self.call, scale_of(document, resource, paths), before)
        scale = await admission.mutate(review, self.call.warnings)
        document = with_replicas(document, paths, read_path(scale, ("spec", "replicas")))
        self._check(document, live)
        await admission.validate(review.with_object(scale_of(document, resource, paths)), self.call.warnings)
        return document

    def _check(self, document: Document, live: Document) -> None:
        resource = self.call.resource
        causes = check_changed(document, live, resource)
        if causes:
            raise invalid(resource.kind, resource.group, self.call.target.name, causes)

    def _stored(self, document: Document, live: Document, record: Record) -> Result:
        resource, cluster = self.call.resource, self.cluster
        if document == live:
            return Result(200, body_of(record, resource), resource)
        collection = cluster.collection(resource)
        metadata = document["metadata"]
        is_ending = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        if is_ending and not self.call.options.dry_run and not _is_held(resource.plural, resource.group, document):
            cluster.store.remove(collection, record)
            return Result(200, dumps(document), resource)
        document = stored_form(document, resource)
        if self.call.options.dry_run:
            return Result(200, dumps(document), resource)
        return Result(200, body_of(cluster.store.put(collection, document, record), resource), resource)


def _is_held(plural: str, group: str, document: Document) -> bool:
    """Whether something else than metadata.finalizers keeps an object that is being deleted."""
    if document["metadata"].get("deletionGracePeriodSeconds"):
        return True  # whoever runs it deletes it again, without grace, when it has ended
    return (plural, group) == ("namespaces", "") and bool((document.get("spec") or {}).get("finalizers"))


def _keep_identity(metadata: Document, live: Document) -> None:
    """Take from the live object what a request leaves out or may not change; what it tries to change stays visible."""
    metadata["resourceVersion"] = live["resourceVersion"]
    for field in _KEPT:
        if field in ("uid", "deletionTimestamp") and metadata.get(field):
            continue  # another value is refused by validation
        if field in live:
            metadata[field] = live[field]
        else:
            metadata.pop(field, None)


def replacement(call: Call, document: Document, duplicates: list[str]) -> Change:
    """Return the change that a PUT asks for, refusing what cannot be one."""
    resource, name = call.resource, call.target.name
    check_type(document, call)
    document, problems = settle(document, call, duplicates=duplicates)
    metadata = document["metadata"]
    found = metadata.get("name")
    if not found:
        raise _undeterminable(name)
    if found != name:
        raise _misnamed(found, name)
    version = metadata.get("resourceVersion", "")

    def change(_live: Document) -> Wanted:
        report(problems, call)
        if not version and not resource.strategy.unconditional_update:
            cause = Cause(
                "FieldValueInvalid", "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"
            )
            raise invalid(resource.plural, resource.group, name, [cause])
        fresh = {**document, "metadata": dict(metadata)}
        return Wanted(fresh, version=version, strict_uid=True)

    return change


def _undeterminable(name: str) -> Exception:
    return bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")


def _misnamed(found: str, name: str) -> Exception:
    return bad_request(f"the name of the object ({found}) does not match the name on the URL ({name})")


async def replace(cluster: Cluster, call: Call, document: Document, duplicates: list[str]) -> Result:
    """Replace an object, or its status, by a PUT body."""
    return await Update(cluster, call, replacement(call, document, duplicates)).run()
