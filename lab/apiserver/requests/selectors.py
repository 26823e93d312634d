"""Decides which objects a label or field selector picks, and what is wrong with one that cannot be read.

Separate and pure: list, watch, deletecollection and admission share it. Invariant: a parsed selector never fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from lab.apiserver.errors import bad_request
from lab.apiserver.registry.resources import Resource
from lab.apiserver.strategies.names import label_value, qualified_name


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label or field."""

    key: str
    operator: str  # in | notin | exists | absent | = | != | > | <
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet the condition."""
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
            case _:
                return _compares(value, self.operator, next(iter(self.values)))


def _compares(value: str | None, operator: str, bound: str) -> bool:
    if value is None or not re.fullmatch(r"-?\d+", value):
        return False
    return int(value) > int(bound) if operator == ">" else int(value) < int(bound)


@dataclass(frozen=True, slots=True)
class Selector:
    """All conditions of one request on labels and fields."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()
    name: str = ""
    namespace: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is selected."""
        return not (self.labels or self.fields)

    def matches(self, labels: Mapping[str, str], fields: Mapping[str, str], namespace: str, name: str) -> bool:
        """Whether an object is selected."""
        for requirement in self.labels:
            if not requirement.matches(labels):
                return False
        for requirement in self.fields:
            key = requirement.key
            value = name if key == "metadata.name" else namespace if key == "metadata.namespace" else fields.get(key)
            if (value in requirement.values) != (requirement.operator == "in"):
                return False
        return True


EVERYTHING = Selector()

_TOKEN = re.compile(r"\s*(?:(==|!=|[=!,()<>])|([^\s=!,()<>]+))")


class _Tokens:
    def __init__(self, text: str) -> None:
        self._tokens = [match[1] or match[2] for match in _TOKEN.finditer(text)]
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self._at += 1
        return token


_SYMBOLS = frozenset({"=", "==", "!=", "!", ",", "(", ")", "<", ">", ""})


@lru_cache(maxsize=1024)
def parse_labels(text: str) -> tuple[Requirement, ...]:
    """Parse a label selector, refusing it in the genuine words."""
    tokens = _Tokens(text)
    requirements: list[Requirement] = []
    while tokens.peek():
        requirements.append(_requirement(tokens))
        token = tokens.take()
        if token not in (",", ""):
            raise bad_request(f"found '{token}', expected: ',' or 'end of string'")
        if token == "," and not tokens.peek():
            raise bad_request("found '', expected: identifier after ','")
    return tuple(requirements)


def _unreadable(why: str) -> Exception:
    return bad_request(f"unable to parse requirement: {why}")


def _requirement(tokens: _Tokens) -> Requirement:
    token = tokens.take()
    if token == "!":
        return Requirement(_key(tokens.take()), "absent")
    key = _key(token)
    operator = tokens.peek()
    if operator in ("", ","):
        return Requirement(key, "exists")
    tokens.take()
    if operator in ("in", "notin"):
        return Requirement(key, operator, _values(tokens))
    if operator in ("=", "==", "!="):
        value = "" if tokens.peek() in ("", ",") else _word(tokens.take())
        for problem in label_value(value):
            raise _unreadable(f'values[0][{key}]: Invalid value: "{value}": {problem}')
        return Requirement(key, "notin" if operator == "!=" else "in", frozenset({value}))
    if operator in ("<", ">"):
        bound = _word(tokens.take())
        if not re.fullmatch(r"-?\d+", bound):
            raise _unreadable(
                f"values[0][{key}]: Invalid value: \"{bound}\": for 'Gt', 'Lt' operators, the value must be an integer"
            )
        return Requirement(key, operator, frozenset({bound}))
    raise _unreadable(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")


def _word(token: str) -> str:
    if token in _SYMBOLS:
        raise _unreadable(f"found '{token}', expected: identifier")
    return token


def _key(token: str) -> str:
    _word(token)
    for problem in qualified_name(token):
        raise _unreadable(f'<nil>: Invalid value: "{token}": {problem}')
    return token


def _values(tokens: _Tokens) -> frozenset[str]:
    opening = tokens.take()
    if opening != "(":
        raise _unreadable(f"found '{opening}' expected: '('")
    values: set[str] = set()
    while True:
        token = tokens.take()
        if token == ")":
            return frozenset(values or {""})
        if token == ",":
            continue
        if token in _SYMBOLS:
            raise _unreadable(f"found '{token}', expected: ',', or ')'")
        values.add(token)


@lru_cache(maxsize=1024)
def _split_fields(text: str) -> tuple[Requirement, ...]:
    requirements = []
    for part in text.split(","):
        if not part:
            continue
        match = re.fullmatch(r"(.*?)(!=|==|=)(.*)", part, re.DOTALL)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        operator = "notin" if match[2] == "!=" else "in"
        requirements.append(Requirement(match[1].strip(), operator, frozenset({match[3].strip()})))
    return tuple(requirements)


def parse_fields(text: str, resource: Resource) -> tuple[Requirement, ...]:
    """Parse a field selector; only `metadata.name`, `metadata.namespace` and what the resource offers is supported."""
    requirements = _split_fields(text)
    for requirement in requirements:
        if requirement.key in ("metadata.name", "metadata.namespace") or requirement.key in resource.selectable:
            continue
        if resource.custom or resource.selectable:
            raise bad_request(f"field label not supported: {requirement.key}")
        known = 'only "metadata.name", "metadata.namespace"'
        raise bad_request(f'"{requirement.key}" is not a known field selector: {known}')
    return requirements


def selector(labels: str, fields: str, resource: Resource) -> Selector:
    """Return the selector of one request."""
    if not labels and not fields:
        return EVERYTHING
    requirements = parse_fields(fields, resource) if fields else ()
    pinned = {item.key: next(iter(item.values)) for item in requirements if item.operator == "in"}
    return Selector(
        labels=parse_labels(labels) if labels else (),
        fields=requirements,
        name=pinned.get("metadata.name", ""),
        namespace=pinned.get("metadata.namespace", ""),
    )
