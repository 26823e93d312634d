"""Sets of fields, in the form in which managedFields stores them (fieldsV1).

A set is a tree of nested dicts exactly as on the wire: a key is one path element (`f:` field, `k:` item by keys, `v:`
item by value, `i:` item by position), an empty dict is an owned field, and "." owns a field that has owned children.
Keeping the wire form makes reading and writing free, which every write to the server pays. Invariant: a tree held by
a `FieldSet` is never changed, has canonical keys, and no branch that owns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import orjson

Tree = dict[str, Any]
_KINDS: Final = frozenset({"f", "k", "v", "i"})


class FieldsError(ValueError):
    """A text that claims to be fieldsV1 is not."""


@dataclass(frozen=True, slots=True)
class FieldSet:
    """An immutable set of field paths."""

    tree: Tree = field(default_factory=dict)

    @classmethod
    def decode(cls, fields_v1: Mapping[str, Any]) -> FieldSet:
        """Read a fieldsV1 object of any origin; raise FieldsError where it is malformed."""
        return cls(_decoded(fields_v1))

    def encode(self) -> Tree:
        """Return the fieldsV1 object, keys in canonical order."""
        return _sorted(self.tree)

    @property
    def is_empty(self) -> bool:
        """Tell whether no field is in the set."""
        return not self.tree

    def union(self, other: FieldSet) -> FieldSet:
        """Return what is in either set."""
        return FieldSet(union(self.tree, other.tree))

    def difference(self, other: FieldSet) -> FieldSet:
        """Return what is in this set alone; a field does not take its children with it."""
        return FieldSet(difference(self.tree, other.tree))

    def intersection(self, other: FieldSet) -> FieldSet:
        """Return what is in both sets."""
        return FieldSet(intersection(self.tree, other.tree))

    def without(self, other: FieldSet) -> FieldSet:
        """Return what is neither in the other set nor below one of its fields."""
        return FieldSet(without(self.tree, other.tree))

    def paths(self) -> Iterator[str]:
        """Yield each path as error messages write it, parents before children."""
        return paths(self.tree)


def owns(node: Tree) -> bool:
    """Tell whether a node of a tree (not its root) is itself in the set."""
    return not node or "." in node


def union(left: Tree, right: Tree) -> Tree:
    """Return the tree of both sets: the left one itself where the right one adds nothing."""
    if not left or not right or left is right:
        return left or right
    merged = left
    for key, theirs in right.items():
        ours = left.get(key)
        both = theirs if ours is None else _both(ours, theirs)
        if both is not ours:
            if merged is left:
                merged = dict(left)
            merged[key] = both
    return merged


def _both(ours: Tree, theirs: Tree) -> Tree:
    """Return the node of two sets at one path, the left one itself where that is the whole."""
    if ours == theirs:
        return ours
    if not ours:
        return {".": {}, **theirs}
    if not theirs:
        return ours if "." in ours else {".": {}, **ours}
    return union(ours, theirs)


def difference(left: Tree, right: Tree) -> Tree:
    """Return the tree of what only the left set holds."""
    if not left or not right:
        return left
    if left == right:
        return {}
    return _children(left, right)


def _children(left: Tree, right: Tree) -> Tree:
    kept: Tree = {}
    for key, ours in left.items():
        theirs = right.get(key)
        if key == ".":
            continue
        if theirs is None:
            kept[key] = ours
            continue
        below = _children(ours, theirs) if ours else {}
        if owns(ours) and not owns(theirs):
            kept[key] = {".": {}, **below} if below else {}
        elif below:
            kept[key] = below
    return kept


def intersection(left: Tree, right: Tree) -> Tree:
    """Return the tree of what both sets hold."""
    if left == right:
        return left
    shared: Tree = {}
    for key, ours in left.items():
        theirs = right.get(key)
        if theirs is None or key == ".":
            continue
        below = intersection(ours, theirs) if ours and theirs else {}
        if owns(ours) and owns(theirs):
            shared[key] = {".": {}, **below} if below else {}
        elif below:
            shared[key] = below
    return shared


def without(left: Tree, right: Tree) -> Tree:
    """Return the left tree less every field of the right one and all below it."""
    if not right:
        return left
    kept: Tree = {}
    for key, ours in left.items():
        theirs = right.get(key)
        if theirs is None:
            kept[key] = ours
        elif not owns(theirs):
            below = without(ours, theirs)
            if below or not ours:
                kept[key] = below
    return kept


def paths(tree: Tree, prefix: str = "") -> Iterator[str]:
    """Yield the paths of a tree: at each level what is owned, then what lies below."""
    elements = [(prefix + element_text(key), tree[key]) for key in sorted(tree) if key != "."]
    for path, node in elements:
        if owns(node):
            yield path
    for path, node in elements:
        if node:
            yield from paths(node, path)


@lru_cache(maxsize=4096)
def element_text(element: str) -> str:
    """Return one path element as error messages write it."""
    kind, _, value = element.partition(":")
    if kind == "f":
        return f".{value}"
    if kind == "i":
        return f"[{value}]"
    decoded = orjson.loads(value)
    if kind == "v":
        return f"[={_text(decoded)}]"
    return f"[{','.join(f'{key}={_text(part)}' for key, part in decoded.items())}]"


@lru_cache(maxsize=8192, typed=True)
def key_element(names: tuple[str, ...], *values: Any) -> str:
    """Return the path element of a list item with these key fields, names in order."""
    return "k:" + orjson.dumps(dict(zip(names, values, strict=True))).decode()


@lru_cache(maxsize=8192, typed=True)
def value_element(value: Any) -> str:
    """Return the path element of a scalar in a set."""
    return "v:" + orjson.dumps(value).decode()


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _decoded(node: Mapping[str, Any]) -> Tree:
    decoded: Tree = {}
    for key, below in node.items():
        if not isinstance(below, Mapping):
            raise FieldsError(f"fieldsV1: {key} must be an object")
        if key == ".":
            decoded[key] = {}
        else:
            decoded[_canonical(key)] = _decoded(below)
    # "." alone says no more than an empty object does
    return {} if decoded.keys() == {"."} else decoded


@lru_cache(maxsize=8192)
def _canonical(element: str) -> str:
    kind, colon, value = element.partition(":")
    if not colon or kind not in _KINDS:
        raise FieldsError(f"fieldsV1: unknown path element {element}")
    if kind == "f":
        return element
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise FieldsError(f"fieldsV1: {element} holds no JSON") from error
    if kind == "i" and not isinstance(parsed, int):
        raise FieldsError(f"fieldsV1: {element} is not a position")
    if kind == "k" and not isinstance(parsed, dict):
        raise FieldsError(f"fieldsV1: {element} must hold an object")
    return f"{kind}:{orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS).decode()}"


def _sorted(tree: Tree) -> Tree:
    return {key: _sorted(tree[key]) for key in sorted(tree)} if tree else {}
