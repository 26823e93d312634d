"""JSON patch (RFC 6902): a list of operations on pointers, all of them or none.

Separate from the other patches because order matters here and each operation may fail. The dialect is the one of
Kubernetes: `replace` and `remove` need an existing parent, and `replace` of a missing object key adds it.
Invariant: the document that was given is never changed; only containers on a written path are copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MISSING: Any = object()
_OPERATIONS = frozenset({"add", "remove", "replace", "move", "copy", "test"})


class PatchError(Exception):
    """An operation is malformed or cannot be applied to this document."""


class PatchFormatError(PatchError):
    """The patch is no list of operations at all."""


class PatchTestError(PatchError):
    """A `test` operation found another value."""


def apply_json_patch(document: Any, operations: Any) -> Any:
    """Return the document after all operations, in order."""
    if not isinstance(operations, list):
        kind = "object" if isinstance(operations, dict) else "value"
        raise PatchFormatError(
            f"error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        )
    for operation in operations:
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: Mapping[str, Any]) -> Any:
    if not isinstance(operation, Mapping) or operation.get("op") not in _OPERATIONS:
        raise PatchError(f"Unexpected kind: {operation.get('op') if isinstance(operation, Mapping) else operation}")
    name: str = operation["op"]
    tokens = _tokens(operation.get("path"))
    match name:
        case "test":
            if not _same(_tested(document, tokens), operation.get("value")):
                raise PatchTestError(f"testing value {operation['path']} failed: test failed")
            return document
        case "add" | "replace":
            if "value" not in operation:
                raise PatchError(f"{name} operation needs a value: {operation['path']}")
            return _write(document, tokens, operation["value"], insert=name == "add")
        case "remove":
            return _remove(document, tokens)
        case _:
            return _transfer(document, operation, tokens)


def _transfer(document: Any, operation: Mapping[str, Any], tokens: tuple[str, ...]) -> Any:
    origin = _tokens(operation.get("from"))
    value = _read(document, origin)
    if operation["op"] == "move":
        if tokens[: len(origin)] == origin and tokens != origin:
            raise PatchError(f"cannot move {operation['from']} into itself")
        document = _remove(document, origin)
    return _write(document, tokens, value, insert=True)


def _tokens(pointer: Any) -> tuple[str, ...]:
    if not isinstance(pointer, str):
        raise PatchError("an operation needs a path")
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise PatchError(f"path must start with a slash: {pointer}")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def _read(document: Any, tokens: tuple[str, ...]) -> Any:
    for depth, token in enumerate(tokens):
        if isinstance(document, dict):
            document = document.get(token, _MISSING)
        elif isinstance(document, list):
            document = document[_index(token, len(document) - 1)]
        else:
            document = _MISSING
        if document is _MISSING:
            raise PatchError(f"missing path: /{'/'.join(tokens[: depth + 1])}")
    return document


def _tested(document: Any, tokens: tuple[str, ...]) -> Any:
    """Return the value that a test looks at; a missing key of an object counts as null."""
    parent = _read(document, tokens[:-1])
    return parent.get(tokens[-1]) if tokens and isinstance(parent, dict) else _read(document, tokens)


def _write(document: Any, tokens: tuple[str, ...], value: Any, *, insert: bool) -> Any:
    if not tokens:
        return value
    token, rest = tokens[0], tokens[1:]
    if isinstance(document, dict):
        if rest and token not in document:
            raise PatchError(f"missing path: {token}")
        return {**document, token: _write(document[token], rest, value, insert=insert) if rest else value}
    if isinstance(document, list):
        items = list(document)
        if rest or not insert:
            index = _index(token, len(items) - 1)
            items[index] = _write(items[index], rest, value, insert=insert)
        else:
            items.insert(len(items) if token == "-" else _index(token, len(items)), value)
        return items
    raise PatchError(f"missing path: {token}")


def _remove(document: Any, tokens: tuple[str, ...]) -> Any:
    if not tokens:
        return None
    token, rest = tokens[0], tokens[1:]
    if isinstance(document, dict) and token in document:
        if rest:
            return {**document, token: _remove(document[token], rest)}
        return {key: value for key, value in document.items() if key != token}
    if isinstance(document, list):
        index = _index(token, len(document) - 1)
        inner = [_remove(document[index], rest)] if rest else []
        return [*document[:index], *inner, *document[index + 1 :]]
    raise PatchError(f"unable to remove nonexistent key: {token}")


def _index(token: str, last: int) -> int:
    digits = token[1:] if token.startswith("-") else token
    if not (digits.isascii() and digits.isdigit()) or (len(digits) > 1 and digits[0] == "0"):
        raise PatchError(f"not an array index: {token}")
    index = int(token)
    if not 0 <= index <= last:
        raise PatchError(f"index out of bounds: {token}")
    return index


def _same(left: Any, right: Any) -> bool:
    """Compare as JSON does: true is not 1, but 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
