"""Which objects a label or field selector chooses, for the fake cluster's lists and watches."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.core.json import Manifest, text
from shared.core.objects import labels_of
from shared.ports.cluster import Selection

_TERM = re.compile(r"[^,(]+(?:\([^)]*\))?")
_IN = re.compile(r"(?P<key>\S+)\s+(?P<word>in|notin)\s+\((?P<values>[^)]*)\)")


def is_selected(selection: Selection, manifest: Manifest) -> bool:
    """Return whether a selection contains an object."""
    if selection.namespace and text(manifest, "metadata", "namespace") != selection.namespace:
        return False
    labels = labels_of(manifest)
    return all(_has_label(term.strip(), labels) for term in _TERM.findall(selection.label_selector)) and all(
        _has_field(term, manifest) for term in selection.field_selector.split(",") if term
    )


def shown(selection: Selection, manifest: Manifest) -> Manifest:
    """Return what a selection shows of an object."""
    if not selection.metadata_only:
        return manifest
    return {key: manifest[key] for key in ("apiVersion", "kind", "metadata")}


def _has_label(term: str, labels: Mapping[str, str]) -> bool:
    found = _IN.fullmatch(term)
    if found:
        values = {value.strip() for value in found["values"].split(",")}
        return (labels.get(found["key"]) in values) == (found["word"] == "in")
    if "!=" in term:
        key, _, value = term.partition("!=")
        return labels.get(key.strip()) != value.strip()
    if "=" in term:
        key, _, value = term.replace("==", "=").partition("=")
        return labels.get(key.strip()) == value.strip()
    return term.removeprefix("!") not in labels if term.startswith("!") else term in labels


def _has_field(term: str, manifest: Manifest) -> bool:
    path, sign, value = re.split(r"(!=|==?)", term, maxsplit=1)
    return (text(manifest, *path.split(".")) == value) == (sign != "!=")
