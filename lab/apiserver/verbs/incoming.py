"""Decides whether a document fits the request that carries it, and what happens to fields that nobody knows.

Separate, because create, update and patch agree on it. Invariant: a document that passes has a known type, clean
metadata in the request's namespace, and no field outside its schema.
"""

from __future__ import annotations

import orjson

from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import ApiError, Cause, bad_request, invalid
from lab.apiserver.registry.resources import Resource
from lab.apiserver.schemas.prune import prune
from lab.apiserver.strategies.metadata import clean_metadata, merge_duplicate_owners
from lab.apiserver.verbs.calls import Call

_TYPE_FIELDS = frozenset({"apiVersion", "kind", "metadata"})


def check_type(document: Document, call: Call) -> None:
    """Refuse a document of another version or kind than the path names."""
    resource = call.resource
    version, kind = document.get("apiVersion") or "", document["kind"]
    if version != resource.api_version:
        group, _, number = version.partition("/")
        if resource.custom and group == resource.group and number not in resource.served_versions:
            # A version that was never declared has no schema, so every field of it is unknown.
            call.warnings += [f'unknown field "{key}"' for key in document if key not in _TYPE_FIELDS]
        text = (
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
        raise bad_request(text)
    if kind == resource.kind:
        return
    if resource.custom:
        cause = Cause("FieldValueInvalid", "kind", f'Invalid value: "{kind}": must be {resource.kind}')
        name = document.get("metadata", {}).get("name", "")
        raise invalid(kind, resource.group, name, [cause])
    raise bad_request(f"no kind {dumps(kind).decode()} is registered for version {dumps(version).decode()}")


def settle(
    document: Document, call: Call, *, duplicates: list[str], live: Document | None = None
) -> tuple[Document, list[str]]:
    """Clean metadata and drop unknown fields; the second value says what was wrong, for warning or refusal.

    `live` is the stored object that the document was made from, if it was: what both share was settled before.
    """
    resource = call.resource
    unknown = clean_metadata(document, resource.kind, resource.version)
    metadata = document["metadata"]
    namespace = metadata.get("namespace", "")
    if not resource.namespaced:
        metadata.pop("namespace", None)
    elif namespace and namespace != call.target.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    else:
        metadata["namespace"] = call.target.namespace
    pruned, dropped = prune(document, resource.schema(), known=settled_part(live, resource))
    problems = [f'unknown field "{path}"' for path in sorted({*unknown, *dropped})]
    problems += [f'duplicate field "{path}"' for path in duplicates]
    call.warnings += merge_duplicate_owners(pruned["metadata"])
    return pruned, problems


def settled_part(live: Document | None, resource: Resource) -> Document | None:
    """Return a stored object if its schema is the one that it was stored by: a definition's may have changed."""
    return None if resource.custom else live


def report(problems: list[str], call: Call) -> None:
    """Warn about, refuse or ignore unknown and duplicate fields of a POST or PUT, as the request asks."""
    match call.options.field_validation:
        case "Warn":
            call.warnings += problems
        case "Strict" if problems:
            raise bad_request(_unhandled(call, f"strict decoding error: {', '.join(problems)}"))


def _unhandled(call: Call, why: str) -> str:
    kind = call.resource.kind
    return f'{kind} in version "{call.resource.version}" cannot be handled as a {kind}: {why}'


def report_patch(problems: list[str], call: Call, patched: Document) -> None:
    """The same for a PATCH, which is refused in other words."""
    if problems and call.options.field_validation == "Strict":
        raise unappliable(patched, f"strict decoding error: {', '.join(problems)}")
    report(problems, call)


def unappliable(patched: Document, why: str) -> ApiError:
    """Refuse a patch whose outcome cannot be decoded."""
    shown = orjson.dumps(patched, option=orjson.OPT_SORT_KEYS).decode()
    text = f"Invalid value: {dumps(shown).decode()}: {why}"
    return invalid("", "", "", [Cause("FieldValueInvalid", "patch", text)])
