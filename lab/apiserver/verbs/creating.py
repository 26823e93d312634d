"""Decides what a new object is: its name, its identity, its defaults, and whether it may exist.

Invariant: between the last check of the name and the write nothing awaits, so one of two racing creates wins.
"""

from __future__ import annotations

from lab.apiserver.admission.reviews import Review
from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps, name_suffix, new_uid, timestamp
from lab.apiserver.errors import already_exists, internal, invalid
from lab.apiserver.lifecycle.gate import check_namespace, check_not_terminating
from lab.apiserver.ownership.managers import track_write
from lab.apiserver.quotas.ledger import charge
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.storage.records import make_record, record_key
from lab.apiserver.strategies.metadata import SERVER_SET, finalizer_warnings
from lab.apiserver.verbs.calls import Call, Result
from lab.apiserver.verbs.checks import check_new
from lab.apiserver.verbs.incoming import check_type, report, settle
from lab.apiserver.verbs.reset import reset_fields
from lab.apiserver.views.conversion import body_of, stored_form

_GENERATE_NAME_TRIES = 8


async def create(cluster: Cluster, call: Call, document: Document, duplicates: list[str]) -> Result:
    """Create an object from a POST body."""
    check_type(document, call)
    document, problems = settle(document, call, duplicates=duplicates)
    report(problems, call)
    return await create_settled(cluster, call, document, applied=None)


async def create_settled(cluster: Cluster, call: Call, document: Document, applied: list[Document] | None) -> Result:
    """Create an object whose body was checked; `applied` carries the owners that an apply found already."""
    resource, metadata = call.resource, document["metadata"]
    if metadata.get("resourceVersion"):
        raise internal("resourceVersion should not be set on objects to be created")
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + name_suffix()
    check_not_terminating(call, metadata.get("name", ""))
    document = _completed(call, document)
    if applied is None:
        document = track_write(
            None,
            document,
            schema=resource.schema(),
            manager=call.options.manager,
            api_version=resource.api_version,
            time=timestamp(),
            reset=reset_fields(resource, ""),
        )
    else:
        document["metadata"] = {**document["metadata"], "managedFields": applied}
    document = await _admitted(cluster, call, document)
    return _stored(cluster, call, document)


def _completed(call: Call, document: Document) -> Document:
    """Take away what only the server says, and fill in the defaults."""
    resource = call.resource
    metadata = document["metadata"] = {
        key: value for key, value in document["metadata"].items() if key not in SERVER_SET or key == "managedFields"
    }
    metadata.pop("deletionGracePeriodSeconds", None)
    if resource.has_status:
        document = {key: value for key, value in document.items() if key != "status"}
    document = apply_defaults(document, resource.schema())
    resource.strategy.default(document)
    call.warnings += finalizer_warnings(metadata, None)
    return document


def _identified(cluster: Cluster, call: Call, document: Document) -> Document:
    """Give the object its identity, and what its kind gets from the server; nobody owns these fields."""
    resource = call.resource
    metadata = document["metadata"]
    metadata["uid"] = new_uid()
    metadata["creationTimestamp"] = timestamp()
    if resource.strategy.counts_generation:
        metadata["generation"] = 1
    if (resource.group, resource.plural) == ("", "services"):
        cluster.addresses.assign(document)
    resource.strategy.prepare(document, None)
    return document


async def _admitted(cluster: Cluster, call: Call, document: Document) -> Document:
    """Run admission and validation, in the genuine order."""
    check_namespace(cluster.store, call)
    if cluster.admission.is_idle:
        document = _identified(cluster, call, document)
        _check(call, document)
        await charge(cluster, call, document)
        return document
    review = Review.of_create(call, document)
    document = _identified(cluster, call, await cluster.admission.mutate(review, call.warnings))
    _check(call, document)
    await cluster.admission.validate(review.with_object(document), call.warnings)
    check_namespace(cluster.store, call)
    await charge(cluster, call, document)
    return document


def _check(call: Call, document: Document) -> None:
    causes = check_new(document, call.resource)
    if causes:
        raise invalid(call.resource.kind, call.resource.group, document["metadata"].get("name", ""), causes)


def _stored(cluster: Cluster, call: Call, document: Document) -> Result:
    resource = call.resource
    collection = cluster.collection(resource)
    metadata = document["metadata"]
    namespace, prefix = metadata.get("namespace", ""), metadata.get("generateName", "")
    for _attempt in range(_GENERATE_NAME_TRIES):
        taken = collection.get(record_key(namespace, metadata["name"]))
        if taken is None or not prefix or not metadata["name"].startswith(prefix):
            break
        metadata["name"] = prefix + name_suffix()
    if taken is not None:
        deleting = b'"deletionTimestamp":' in taken.body and "deletionTimestamp" in taken.document()["metadata"]
        raise already_exists(resource.plural, resource.group, metadata["name"], deleting=deleting)
    resource.strategy.finish(document)
    document = stored_form(document, resource)
    if call.options.dry_run:
        unsaved = make_record(document, 0, collection.selectable).document()
        del unsaved["metadata"]["resourceVersion"]
        return Result(201, dumps(unsaved), resource)
    return Result(201, body_of(cluster.store.put(collection, document, None), resource), resource)
