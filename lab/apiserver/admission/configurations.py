"""Decides which webhooks exist, as their configurations say.

Separate from calling them. Invariant: a changed configuration holds for the next request; parsing it costs nothing
while none changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.apiserver.requests.selectors import Requirement
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change
from lab.apiserver.storage.store import Store

GROUP = "admissionregistration.k8s.io"
MUTATING = "mutatingwebhookconfigurations"
VALIDATING = "validatingwebhookconfigurations"
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests a webhook wants to hear of."""

    groups: tuple[str, ...]
    versions: tuple[str, ...]
    operations: tuple[str, ...]
    resources: tuple[str, ...]
    scope: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook of one configuration."""

    name: str
    url: str
    service: str
    ca_bundle: str
    rules: tuple[Rule, ...]
    namespaces: tuple[Requirement, ...]
    objects: tuple[Requirement, ...]
    conditions: tuple[str, ...]
    fails_open: bool
    matches_equivalents: bool
    timeout: int
    is_dry_runnable: bool


def parse_selector(selector: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Return a selector given as an object as requirements."""
    labels = [Requirement(key, "in", frozenset({value})) for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        Requirement(item["key"], _OPERATORS[item["operator"]], frozenset(item.get("values") or ()))
        for item in selector.get("matchExpressions") or ()
        if item.get("operator") in _OPERATORS
    ]
    return (*labels, *expressions)


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(
        groups=tuple(rule.get("apiGroups") or ()),
        versions=tuple(rule.get("apiVersions") or ()),
        operations=tuple(rule.get("operations") or ()),
        resources=tuple(rule.get("resources") or ()),
        scope=rule.get("scope") or "*",
    )


def _webhook(declared: Mapping[str, Any]) -> Webhook:
    client = declared.get("clientConfig") or {}
    service = client.get("service") or {}
    return Webhook(
        name=declared["name"],
        url=client.get("url") or "",
        service=service.get("name", ""),
        ca_bundle=client.get("caBundle") or "",
        rules=tuple(_rule(rule) for rule in declared.get("rules") or ()),
        namespaces=parse_selector(declared.get("namespaceSelector") or {}),
        objects=parse_selector(declared.get("objectSelector") or {}),
        conditions=tuple(condition["expression"] for condition in declared.get("matchConditions") or ()),
        fails_open=declared.get("failurePolicy") == "Ignore",
        matches_equivalents=declared.get("matchPolicy", "Equivalent") == "Equivalent",
        timeout=declared.get("timeoutSeconds") or 10,
        is_dry_runnable=declared.get("sideEffects") in ("None", "NoneOnDryRun"),
    )


class Configurations:
    """The webhooks of all configurations, in the order of their names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[Webhook, ...]] = {MUTATING: (), VALIDATING: ()}
        self.is_empty = True
        store.subscribe(self._changed)

    def _changed(self, collection: Collection, _change: Change) -> None:
        if collection.group != GROUP or collection.plural not in self._known:
            return
        self._known[collection.plural] = tuple(
            _webhook(declared) for record in collection.all() for declared in record.document().get("webhooks") or ()
        )
        self.is_empty = not any(self._known.values())

    @property
    def mutating(self) -> tuple[Webhook, ...]:
        """The webhooks that may change objects."""
        return self._known[MUTATING]

    @property
    def validating(self) -> tuple[Webhook, ...]:
        """The webhooks that only judge."""
        return self._known[VALIDATING]
