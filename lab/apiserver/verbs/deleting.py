"""Decides what a delete does: refuse, mark and wait for finalizers, or remove at once.

Separate from the garbage collector, which acts on what this leaves behind. Invariant: an object with finalizers is
never removed here, and one without is never left.
"""

from __future__ import annotations

import time
from dataclasses import replace as with_fields

from lab.apiserver.admission.reviews import Review
from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps, ordered, timestamp
from lab.apiserver.errors import conflict, not_found
from lab.apiserver.requests.options import DeleteOptions
from lab.apiserver.requests.selectors import Selector
from lab.apiserver.storage.records import Record, record_key
from lab.apiserver.verbs.calls import Call, Result, success
from lab.apiserver.views.conversion import body_of, read_document
from lab.apiserver.views.lists import list_body

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


async def delete(cluster: Cluster, call: Call, options: DeleteOptions) -> Result:
    """Delete the named object."""
    resource = call.resource
    collection = cluster.collection(resource)
    key = record_key(call.target.namespace, call.target.name)
    record = collection.get(key)
    if record is None:
        raise not_found(resource.plural, resource.group, call.target.name)
    _check_preconditions(call, record, options)
    if not cluster.admission.is_idle:
        await cluster.admission.admit_delete(
            Review.of_delete(call, read_document(record, resource), options), call.warnings
        )
        record = collection.get(key)
        if record is None:
            raise not_found(resource.plural, resource.group, call.target.name)
        _check_preconditions(call, record, options)
    return delete_record(cluster, call, record, options)


def _check_preconditions(call: Call, record: Record, options: DeleteOptions) -> None:
    kind, group, name = call.resource.kind, call.resource.group, call.target.name
    if options.uid and options.uid != record.uid:
        text = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({record.uid}). "
            "The object might have been deleted and then recreated"
        )
        raise conflict(kind, group, name, text)
    if options.version and options.version != str(record.version):
        text = (
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in record "
            f"({record.version}). The object might have been modified"
        )
        raise conflict(kind, group, name, text)


def delete_record(cluster: Cluster, call: Call, record: Record, options: DeleteOptions) -> Result:
    """Delete one state of an object, which nobody changed since it was read."""
    resource = call.resource
    collection = cluster.collection(resource)
    document = record.document()
    metadata = document["metadata"]
    before = metadata.get("finalizers") or []
    finalizers = wanted_finalizers(before, options.propagation)
    if not metadata.get("deletionTimestamp"):
        finalizers += [name for name in resource.strategy.own_finalizers if name not in finalizers]
    grace = resource.strategy.grace(document, options.grace_seconds)
    held = bool(finalizers) or _is_held(document) or grace > 0
    if not held:
        if not options.dry_run:
            cluster.store.remove(collection, record)
        return success(resource, record.name, record.uid)
    is_sooner = options.grace_seconds is not None and grace < metadata.get("deletionGracePeriodSeconds", 0)
    if metadata.get("deletionTimestamp") and finalizers == before and not is_sooner:
        return Result(200, body_of(record, resource), resource)
    marked = _marked(document, finalizers, grace)
    if not metadata.get("deletionTimestamp"):
        resource.strategy.begin_deletion(marked)
    if options.dry_run:
        return Result(200, dumps(marked), resource)
    return Result(200, body_of(cluster.store.put(collection, marked, record), resource), resource)


def wanted_finalizers(finalizers: list[str], propagation: str) -> list[str]:
    """Return the finalizers that a propagation policy leaves an object with."""
    kept = [name for name in finalizers if name not in (FOREGROUND, ORPHAN)] if propagation else list(finalizers)
    if propagation == "Orphan":
        kept.append(ORPHAN)
    elif propagation == "Foreground":
        kept.append(FOREGROUND)
    return kept


def _is_held(document: Document) -> bool:
    """Whether a namespace still has to be emptied, which its own kind of finalizer says."""
    return document["kind"] == "Namespace" and bool((document.get("spec") or {}).get("finalizers"))


def _marked(document: Document, finalizers: list[str], grace: int) -> Document:
    metadata = dict(document["metadata"])
    is_new = not metadata.get("deletionTimestamp")
    if is_new or grace < metadata.get("deletionGracePeriodSeconds", 0):
        metadata["deletionTimestamp"] = timestamp(time.time() + grace)
        metadata["deletionGracePeriodSeconds"] = grace
        if is_new and "generation" in metadata:
            metadata["generation"] += 1
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    return ordered({**document, "metadata": metadata}, document["apiVersion"], document["kind"])


async def delete_collection(cluster: Cluster, call: Call, options: DeleteOptions, selector: Selector) -> Result:
    """Delete every selected object; the answer is the list of them as they were."""
    resource = call.resource
    selected = [
        record
        for record in cluster.collection(resource).all(call.target.namespace)
        if selector.matches(record.labels, record.fields, record.namespace, record.name)
    ]
    version = cluster.store.version
    for record in selected:
        one = Call(with_fields(call.target, name=record.name), call.caller, call.options, call.warnings)
        if not cluster.admission.is_idle:
            review = Review.of_delete(one, read_document(record, resource), options)
            await cluster.admission.admit_delete(with_fields(review, name=""), call.warnings)
        newest = cluster.collection(resource).get(record.key)
        if newest is not None and newest.uid == record.uid:
            delete_record(cluster, one, newest, options)
    return Result(200, list_body(resource, [body_of(record, resource) for record in selected], version))
