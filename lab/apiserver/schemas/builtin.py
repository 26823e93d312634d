"""The schemas of the built-in kinds, out of the schema files that package kubernetes-validate installs.

Separate from compilation because it alone knows where those files are and what they leave out. The definitions are
read once, when the first built-in kind is asked for, and each kind is compiled when it is asked for. Invariant: asking
twice answers the same node.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from lab.apiserver.schemas.compilation import compile_kind
from lab.apiserver.schemas.schema import Schema

SCHEMA_RELEASE: Final = "v1.36.0-local"

# The package drops `default` from its definitions. Where a key field of a list map has a default, ownership needs it.
_KEY_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "io.k8s.api.core.v1.ContainerPort": {"protocol": "TCP"},
    "io.k8s.api.core.v1.ServicePort": {"protocol": "TCP"},
}


@cache
def builtin_schema(group: str, version: str, kind: str) -> Schema | None:
    """Return the compiled schema of a built-in kind, None for kinds that are not built in."""
    name = _names().get((group, version, kind))
    return None if name is None else compile_kind(definitions()[name], definitions())


@cache
def definitions() -> Mapping[str, Any]:
    """Return the OpenAPI definitions of all built-in types by name."""
    source = files("kubernetes_validate") / "kubernetes-json-schema" / SCHEMA_RELEASE / "_definitions.json"
    found: dict[str, Any] = orjson.loads(source.read_bytes())["$defs"]
    for name, defaults in _KEY_DEFAULTS.items():
        for key, value in defaults.items():
            found[name]["properties"][key]["default"] = value
    return found


@cache
def _names() -> Mapping[tuple[str, str, str], str]:
    return {
        (served["group"], served["version"], served["kind"]): name
        for name, definition in definitions().items()
        for served in definition.get("x-kubernetes-group-version-kind", ())
    }
