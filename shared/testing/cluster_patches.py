"""JSON patch (RFC 6902) as far as the platform sends it, for the fake cluster; `test` is what guards a patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shared.core.errors import ConflictError, InvalidObjectError
from shared.core.json import Manifest


def json_patch(document: Manifest, operations: Sequence[Mapping[str, object]]) -> Manifest:
    """Return the document with all operations done; raise ConflictError where a test fails."""
    result: Manifest = orjson.loads(orjson.dumps(document))
    for operation in operations:
        _do(result, operation)
    return result


def _do(document: Manifest, operation: Mapping[str, object]) -> None:
    path = str(operation["path"])
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    target: Any = document
    for part in parents:
        target = _step(target, part, path)
    match operation["op"]:
        case "test":
            if _step(target, last, path, default=None) != operation["value"]:
                raise ConflictError(f"the server rejected the patch: testing value {path} failed")
        case "add" if isinstance(target, list):
            target.insert(len(target) if last == "-" else int(last), operation["value"])
        case "add" | "replace" if isinstance(target, dict):
            target[last] = operation["value"]  # a server does not ask a replace for the key either
        case "replace":
            _step(target, last, path)
            target[int(last)] = operation["value"]
        case "remove":
            _step(target, last, path)
            del target[int(last) if isinstance(target, list) else last]
        case other:
            raise InvalidObjectError(f"json patch operation {other!r} is not served by the fake cluster")


_MISSING = object()


def _step(value: Any, part: str, path: str, default: object = _MISSING) -> Any:
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    if isinstance(value, dict) and part in value:
        return value[part]
    if default is _MISSING:
        raise ConflictError(f"the server rejected the patch: nothing is at {path}")
    return default
