"""Decides what metadata an object may carry: known fields, their types, their rules, and what only the server sets.

Separate, because every kind shares it and no schema describes it. Invariant: after `clean_metadata` the metadata
holds known fields of the right type only, and no empty ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import Cause, bad_request
from lab.apiserver.requests.go_json import go_type
from lab.apiserver.strategies.names import label_value, qualified_name

_STRINGS = ("name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp")
_NUMBERS = ("generation", "deletionGracePeriodSeconds")
_MAPS = ("labels", "annotations")
_LISTS = ("ownerReferences", "finalizers", "managedFields")
_ORDER = (*_STRINGS[:5], "generation", *_STRINGS[5:], "deletionGracePeriodSeconds", *_MAPS, *_LISTS)
_KNOWN = frozenset(_ORDER)
SERVER_SET = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields")
_OWNER_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)")


class _WrongTypeError(Exception):
    pass


def _wrong(value: Any, field: str, wanted: str) -> _WrongTypeError:
    return _WrongTypeError(
        f"json: cannot unmarshal {go_type(value)} into Go struct field ObjectMeta.{field} of type {wanted}"
    )


def clean_metadata(document: Document, kind: str, version: str) -> list[str]:
    """Replace the metadata by a clean copy; the answer lists the unknown fields that were dropped."""
    metadata = document.get("metadata")
    try:
        if metadata is None:
            document["metadata"] = {}
            return []
        if not isinstance(metadata, dict):
            raise _WrongTypeError(f"json: cannot unmarshal {go_type(metadata)} into Go value of type v1.ObjectMeta")
        cleaned, unknown = _clean(metadata)
    except _WrongTypeError as error:
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from error
    document["metadata"] = cleaned
    return unknown


def _clean(metadata: Mapping[str, Any]) -> tuple[Document, list[str]]:
    cleaned: Document = {}
    for field in _ORDER:
        value = metadata.get(field)
        if value is None or value == "" or value == [] or value == {}:
            continue
        cleaned[field] = _CLEANERS[field](field, value)
    unknown = [f"metadata.{field}" for field in metadata if field not in _KNOWN and field != "selfLink"]
    if "ownerReferences" in cleaned:
        for index, owner in enumerate(metadata["ownerReferences"]):
            unknown += [f"metadata.ownerReferences[{index}].{key}" for key in owner if key not in _OWNER_FIELDS]
    return cleaned, unknown


def _string(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(value, field, "string")
    return value


def _number(field: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(value, field, "int64")
    return value


def _time(field: str, value: Any) -> str:
    text = _string(field, value)
    if not _TIME.fullmatch(text):
        layout = "2006-01-02T15:04:05Z07:00"
        raise _WrongTypeError(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    return text


def _map(field: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(value, field, "map[string]string")
    for inner in value.values():
        if inner is not None and not isinstance(inner, str):
            raise _wrong(inner, field, "string")
    return {key: inner or "" for key, inner in value.items()}


def _strings(field: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _wrong(value, field, "[]string")
    return [_string(field, inner) for inner in value]


def _owners(field: str, value: Any) -> list[Document]:
    if not isinstance(value, list):
        raise _wrong(value, field, "[]v1.OwnerReference")
    owners: list[Document] = []
    for owner in value:
        if not isinstance(owner, dict):
            raise _wrong(owner, field, "v1.OwnerReference")
        owners.append({key: owner[key] for key in _OWNER_FIELDS if owner.get(key) is not None})
    return owners


def _managed(field: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(value, field, "[]v1.ManagedFieldsEntry")
    return value


_CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_STRINGS[:5], _string),
    "creationTimestamp": _time,
    "deletionTimestamp": _time,
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_MAPS, _map),
    "finalizers": _strings,
    "ownerReferences": _owners,
    "managedFields": _managed,
}


def merge_duplicate_owners(metadata: Document) -> list[str]:
    """Drop owner references that are there twice; the answer is the warning that this deserves."""
    owners = metadata.get("ownerReferences")
    if not owners or len(owners) < 2:
        return []
    kept: list[Document] = []
    twice: list[str] = []
    for owner in owners:
        if owner in kept:
            twice.append(owner.get("uid", ""))
        else:
            kept.append(owner)
    if not twice:
        return []
    metadata["ownerReferences"] = kept
    return [
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may "
        "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        + ", ".join(twice)
    ]


def finalizer_warnings(metadata: Mapping[str, Any], live: Mapping[str, Any] | None) -> list[str]:
    """Warn about new finalizers that name no domain."""
    known = set((live or {}).get("finalizers") or ())
    return [
        f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name to avoid accidental conflicts with '
        "other finalizer writers"
        for name in metadata.get("finalizers") or ()
        if "/" not in name and name not in known and name not in _STANDARD_FINALIZERS
    ]


_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})


def _invalid(field: str, shown: str, why: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown}: {why}")


def check_metadata(metadata: Mapping[str, Any], check_name: Callable[[str], list[str]]) -> list[Cause]:
    """Return what is wrong with the metadata of a new object."""
    causes: list[Cause] = []
    name, prefix = metadata.get("name", ""), metadata.get("generateName", "")
    if not name:
        causes.append(Cause("FieldValueRequired", "metadata.name", "Required value: name or generateName is required"))
    else:
        causes += [_invalid("metadata.name", f'"{name}"', why) for why in check_name(name)]
    if prefix and not name.startswith(prefix):
        trimmed = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        causes += [_invalid("metadata.generateName", f'"{prefix}"', why) for why in check_name(trimmed)]
    return causes + check_metadata_values(metadata)


def check_metadata_values(metadata: Mapping[str, Any]) -> list[Cause]:
    """Return what is wrong with labels, annotations, finalizers and owner references."""
    causes: list[Cause] = []
    for key, value in (metadata.get("labels") or {}).items():
        causes += [_invalid("metadata.labels", f'"{key}"', why) for why in qualified_name(key)]
        causes += [_invalid("metadata.labels", f'"{value}"', why) for why in label_value(value)]
    total = 0
    for key, value in (metadata.get("annotations") or {}).items():
        total += len(key) + len(value)
        causes += [_invalid("metadata.annotations", f'"{key}"', why) for why in qualified_name(key.lower())]
    if total > 256 << 10:
        text = "Too long: may not be more than 262144 bytes"
        causes.append(Cause("FieldValueTooLong", "metadata.annotations", text))
    for name in metadata.get("finalizers") or ():
        causes += [_invalid("metadata.finalizers", f'"{name}"', why) for why in qualified_name(name)]
    return causes + _check_owners(metadata.get("ownerReferences") or [])


def _check_owners(owners: list[Document]) -> list[Cause]:
    causes: list[Cause] = []
    controllers: list[Document] = []
    at = "metadata.ownerReferences"
    for owner in owners:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                causes.append(_invalid(f"{at}.{field}", '""', "must not be empty"))
        group, _, version = owner.get("apiVersion", "").rpartition("/")
        if (group, owner.get("kind")) in (("", "Event"), ("events.k8s.io", "Event")):
            why = f"{group}/{version}, Kind=Event is disallowed from being an owner"
            causes.append(_invalid(at, dumps(owner).decode(), why))
        if owner.get("controller"):
            controllers.append(owner)
    if len(controllers) > 1:
        first, second = (f"{owner.get('kind')}/{owner.get('name')}" for owner in controllers[:2])
        why = f'Only one reference can have Controller set to true. Found "true" in references for {first} and {second}'
        causes.append(_invalid(at, dumps(owners).decode(), why))
    return causes


def check_metadata_update(metadata: Mapping[str, Any], live: Mapping[str, Any]) -> list[Cause]:
    """Return what an update changes in metadata and may not."""
    causes: list[Cause] = []
    if live.get("deletionTimestamp"):
        added = sorted(set(metadata.get("finalizers") or ()) - set(live.get("finalizers") or ()))
        if added:
            listed = ", ".join(f'"{name}"' for name in added)
            text = (
                "Forbidden: no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}"
            )
            causes.append(Cause("FieldValueForbidden", "metadata.finalizers", text))
    for field in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"):
        if metadata.get(field) != live.get(field):
            causes.append(_invalid(f"metadata.{field}", dumps(metadata.get(field)).decode(), "field is immutable"))
    return causes
