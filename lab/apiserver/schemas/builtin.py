"""The schemas of the built-in kinds, out of the schema files that package kubernetes-validate installs.

Separate from compilation because it alone knows where those files are and what they leave out. The definitions are
read once, when the first built-in kind is asked for, and each kind is compiled when it is asked for. Invariant: asking
twice answers the same node.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson

from lab.apiserver.schemas.compilation import Compilation
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
    return None if name is None else _compilation().kind(definitions()[name])


@cache
def definitions() -> Mapping[str, Any]:
    """Return the OpenAPI definitions of all built-in types by name."""
    found: dict[str, Any] = orjson.loads(_source().read_bytes())["$defs"]
    for name, defaults in _KEY_DEFAULTS.items():
        for key, value in defaults.items():
            found[name]["properties"][key]["default"] = value
    return found


def _source() -> Path:
    # The package is located, not imported: its import alone costs more than reading the file.
    package = find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("kubernetes-validate is not installed: the extra `lab` brings it")
    return Path(package.origin).parent / "kubernetes-json-schema" / SCHEMA_RELEASE / "_definitions.json"


@cache
def _compilation() -> Compilation:
    """Return the one compilation of all kinds: what they share, such as pod templates, is compiled once."""
    return Compilation(definitions())


@cache
def _names() -> Mapping[tuple[str, str, str], str]:
    return {
        (served["group"], served["version"], served["kind"]): name
        for name, definition in definitions().items()
        for served in definition.get("x-kubernetes-group-version-kind", ())
    }
