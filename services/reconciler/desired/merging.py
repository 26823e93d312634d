"""Laying a partial pod spec or container over a default one: the rules of "override with non-zero values".

Which rule holds depends on the kind of field, not on its value: a plain scalar cannot be cleared with a zero, an
optional one can; a list is replaced as a whole; an object is replaced, unless it is a map (workloads 5.5).
Separate because these rules are facts of the API that users rely on, and the only place that knows field kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.json import Manifest


@dataclass(frozen=True, slots=True)
class Fields:
    """Kinds of the fields of one type; those in no set are plain, lists, or objects that are replaced whole."""

    optional: frozenset[str] = frozenset()  # scalars held by reference: a zero value counts as given
    maps: frozenset[str] = frozenset()  # joined by key
    nested: Mapping[str, Fields] = field(default_factory=dict)  # merged field by field


RESOURCE_REQUIREMENTS = Fields(maps=frozenset({"limits", "requests"}))
CONTAINER = Fields(optional=frozenset({"restartPolicy"}), nested={"resources": RESOURCE_REQUIREMENTS})
POD_SPEC = Fields(
    optional=frozenset(
        {
            "activeDeadlineSeconds",
            "automountServiceAccountToken",
            "enableServiceLinks",
            "hostUsers",
            "hostnameOverride",
            "preemptionPolicy",
            "priority",
            "runtimeClassName",
            "setHostnameAsFQDN",
            "shareProcessNamespace",
            "terminationGracePeriodSeconds",
        }
    ),
    maps=frozenset({"nodeSelector", "overhead"}),
)


def merged(base: Mapping[str, object], override: Mapping[str, object], fields: Fields) -> Manifest:
    """Return `base` with the given fields of `override` laid over it; neither is changed."""
    result: Manifest = dict(base)
    for name, value in override.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            result[name] = _merged_object(result.get(name), value, name, fields)
        elif name in fields.optional or not _is_zero(value):
            result[name] = value
    return result


def _merged_object(base: object, value: Mapping[str, object], name: str, fields: Fields) -> Manifest:
    below = base if isinstance(base, Mapping) else {}
    if name in fields.nested:
        return merged(below, value, fields.nested[name])
    if name in fields.maps:
        return {**below, **value}
    return dict(value)


def _is_zero(value: object) -> bool:
    return value == "" or value == 0 or value == [] or value is False
