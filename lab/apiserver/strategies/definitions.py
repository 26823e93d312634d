"""Defaults and rules of CustomResourceDefinitions: what is filled in, and what is refused beyond the schema.

Separate from the rules of other kinds, because a definition that is accepted decides what the server serves.
Invariant: an accepted definition can be compiled and served.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import Cause
from lab.apiserver.schemas.structural import structural_errors
from lab.apiserver.strategies.names import service_name
from lab.apiserver.strategies.naming import marked_status

APPROVAL = "api-approved.kubernetes.io"
_PROTECTED = ("k8s.io", "kubernetes.io")
_NAMES = ("kind", "listKind", "plural", "singular")


def default_definition(document: Document) -> None:
    """Fill in the names and the conversion."""
    spec = document.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if isinstance(names.get("kind"), str) and names["kind"]:
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})


def prepare_definition(document: Document, live: Document | None) -> None:
    """Remember every version that objects were ever stored in."""
    if live is None:
        return
    status = dict(document.get("status") or {})
    stored = list(status.get("storedVersions") or ())
    added = [name for name in _storage_versions(document) if name not in stored]
    if added:
        document["status"] = {**status, "storedVersions": [*stored, *added]}


def begin_deletion(document: Document) -> None:
    """Mark a definition the way only definitions are marked: no grace period, no new generation."""
    metadata = document["metadata"]
    metadata.pop("deletionGracePeriodSeconds", None)
    if "generation" in metadata:
        metadata["generation"] -= 1
    document["status"] = marked_status(document)


def finish_definition(document: Document) -> None:
    """A new definition has an empty status; being established comes later."""
    document["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": _storage_versions(document),
    }


def _storage_versions(document: Document) -> list[str]:
    return [version["name"] for version in document["spec"].get("versions") or () if version.get("storage")]


def _required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", field, f"Required value: {why}" if why else "Required value")


def _invalid(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {dumps(value).decode()}: {why}")


def check_definition(document: Document, live: Document | None) -> list[Cause]:
    """Return what is wrong with a definition."""
    spec, metadata = document["spec"], document["metadata"]
    causes: list[Cause] = []
    names = spec.get("names") or {}
    if live is None and metadata["name"] != f"{names.get('plural', '')}.{spec.get('group', '')}":
        causes.append(_invalid("metadata.name", metadata["name"], 'must be spec.names.plural+"."+spec.group'))
    causes += _check_names(names)
    causes += _check_scope(spec.get("scope"))
    causes += _check_group(spec.get("group") or "", metadata)
    causes += _check_versions(spec.get("versions") or [])
    causes += _check_conversion(spec)
    if live is not None:
        causes += _check_kept(spec, live)
        causes += _check_stored(document, live)
    else:
        causes += _check_first_storage(document)
    return causes


def _check_first_storage(document: Document) -> list[Cause]:
    stored = _storage_versions(document)
    if not stored:
        return [_invalid("status.storedVersions", None, "must have at least one stored version")]
    if len(stored) > 1:
        return [_invalid("status.storedVersions", stored[:1], f"must have the storage version {stored[-1]}")]
    return []


def _check_names(names: Mapping[str, Any]) -> list[Cause]:
    causes = [_required(f"spec.names.{field}") for field in _NAMES if not names.get(field)]
    for field in _NAMES:
        value = names.get(field)
        if value:
            shown = value.lower() if field in ("kind", "listKind") else value
            causes += [_invalid(f"spec.names.{field}", value, why) for why in service_name(shown)]
    for field in ("shortNames", "categories"):
        for index, value in enumerate(names.get(field) or ()):
            causes += [_invalid(f"spec.names.{field}[{index}]", value, why) for why in service_name(value)]
    return causes


def _check_scope(scope: Any) -> list[Cause]:
    if not scope:
        return [_required("spec.scope")]
    if scope in ("Cluster", "Namespaced"):
        return []
    text = f'Unsupported value: {dumps(scope).decode()}: supported values: "Cluster", "Namespaced"'
    return [Cause("FieldValueNotSupported", "spec.scope", text)]


def _check_group(group: str, metadata: Mapping[str, Any]) -> list[Cause]:
    is_protected = any(group == suffix or group.endswith(f".{suffix}") for suffix in _PROTECTED)
    if not is_protected or (metadata.get("annotations") or {}).get(APPROVAL):
        return []
    why = (
        f'protected groups must have approval annotation "{APPROVAL}", see '
        "https://github.com/kubernetes/enhancements/pull/1111"
    )
    return [_required(f"metadata.annotations[{APPROVAL}]", why)]


def _check_versions(versions: list[Any]) -> list[Cause]:
    causes: list[Cause] = []
    names = [version.get("name", "") for version in versions]
    shown = [_internal(version) for version in versions] or None
    if len(set(names)) < len(names):
        causes.append(_invalid("spec.versions", shown, "must contain unique version names"))
    if sum(1 for version in versions if version.get("storage")) != 1:
        causes.append(_invalid("spec.versions", shown, "must have exactly one version marked as storage version"))
    schemas = [(version.get("schema") or {}).get("openAPIV3Schema") for version in versions]
    is_shared = all(schema == schemas[0] for schema in schemas)
    for index, (name, schema) in enumerate(zip(names, schemas, strict=True)):
        problems = service_name(name)
        causes += [_invalid(f"spec.versions[{index}].name", name, why) for why in problems]
        if index == 0:
            causes += [_invalid("spec.version", name, why) for why in problems]
        if schema is None:
            causes.append(_required(f"spec.versions[{index}].schema.openAPIV3Schema"))
        elif not is_shared:
            causes += _structural(schema, f"spec.versions[{index}].schema.openAPIV3Schema")
        elif index == 0:
            # A schema that all versions share is reported where it stood before versions had schemas.
            causes += _structural(schema, "spec.validation.openAPIV3Schema")
    return causes


def _structural(schema: Mapping[str, Any], at: str) -> list[Cause]:
    return [Cause(error.reason, error.field, error.message) for error in structural_errors(schema, at)]


def _internal(version: Mapping[str, Any]) -> Document:
    """Return a version the way Go prints it in messages."""
    return {
        "Name": version.get("name", ""),
        "Served": bool(version.get("served")),
        "Storage": bool(version.get("storage")),
        "Deprecated": bool(version.get("deprecated")),
        "DeprecationWarning": version.get("deprecationWarning"),
        "Schema": None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }


def _check_conversion(spec: Mapping[str, Any]) -> list[Cause]:
    causes: list[Cause] = []
    conversion = spec.get("conversion") or {}
    webhook = conversion.get("webhook") or {}
    if conversion.get("strategy") == "Webhook":
        if not webhook.get("conversionReviewVersions"):
            causes.append(_required("spec.conversion.conversionReviewVersions"))
        if not webhook.get("clientConfig"):
            why = "required when strategy is set to Webhook"
            causes.append(_required("spec.conversion.webhookClientConfig", why))
        elif not causes:
            text = 'Unsupported value: "Webhook": supported values: "None"'
            causes.append(Cause("FieldValueNotSupported", "spec.conversion.strategy", text))
    if spec.get("preserveUnknownFields") is True:
        why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        causes.append(_invalid("spec.preserveUnknownFields", True, why))
    return causes


def _check_kept(spec: Mapping[str, Any], live: Document) -> list[Cause]:
    """Once established, a definition stays the same resource."""
    before = live["spec"]
    conditions = (live.get("status") or {}).get("conditions") or ()
    is_established = any(item.get("type") == "Established" and item.get("status") == "True" for item in conditions)
    causes: list[Cause] = []
    if spec.get("group") != before["group"]:
        causes.append(_invalid("spec.group", spec.get("group"), "field is immutable"))
    names, kept = spec.get("names") or {}, before["names"]
    if names.get("plural") != kept["plural"]:
        causes.append(_invalid("spec.names.plural", names.get("plural"), "field is immutable"))
    if is_established:
        if spec.get("scope") != before["scope"]:
            causes.append(_invalid("spec.scope", spec.get("scope"), "field is immutable"))
        if names.get("kind") != kept["kind"]:
            causes.append(_invalid("spec.names.kind", names.get("kind"), "field is immutable"))
    return causes


def _check_stored(document: Document, live: Document) -> list[Cause]:
    served = {version.get("name") for version in document["spec"].get("versions") or ()}
    causes: list[Cause] = []
    for index, stored in enumerate((live.get("status") or {}).get("storedVersions") or ()):
        if stored not in served:
            why = (
                f"missing from spec.versions; {stored} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{stored} and removes {stored} from status.storedVersions"
            )
            causes.append(_invalid(f"status.storedVersions[{index}]", stored, why))
    return causes
