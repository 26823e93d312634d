"""Decides whether a webhook is asked about a request: rules, selectors, match conditions.

Separate and pure but for the namespace's labels, which the caller brings. Invariant: what a webhook is shown is of the
version that its rules name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.apiserver.admission.configurations import GROUP, Rule, Webhook
from lab.apiserver.admission.reviews import Review
from lab.apiserver.errors import forbidden
from lab.apiserver.requests.selectors import Requirement
from lab.apiserver.schemas.cel import EVALUATION_ERRORS, compile_expression


def matching_version(webhook: Webhook, review: Review) -> str | None:
    """Return the version in which a webhook wants to see a request, None if it does not want to see it."""
    resource = review.resource
    if resource.group == GROUP:
        return None  # webhooks cannot lock each other out
    if any(_matches(rule, review, resource.version) for rule in webhook.rules):
        return resource.version
    if webhook.matches_equivalents:
        for version in sorted(set(resource.served_versions) - {resource.version}):
            if any(_matches(rule, review, version) for rule in webhook.rules):
                return version
    return None


def _matches(rule: Rule, review: Review, version: str) -> bool:
    resource = review.resource
    wanted = f"{resource.plural}/{review.subresource}" if review.subresource else resource.plural
    return (
        _has(rule.operations, review.operation)
        and _has(rule.groups, resource.group)
        and _has(rule.versions, version)
        and rule.scope in ("*", "Namespaced" if resource.namespaced else "Cluster")
        and any(_matches_resource(pattern, wanted) for pattern in rule.resources)
    )


def _has(values: tuple[str, ...], value: str) -> bool:
    return "*" in values or value in values


def _matches_resource(pattern: str, wanted: str) -> bool:
    if pattern in ("*/*", wanted):
        return True
    plural, _, subresource = wanted.partition("/")
    if pattern == "*":
        return not subresource
    wanted_plural, _, wanted_subresource = pattern.partition("/")
    return wanted_plural in ("*", plural) and wanted_subresource in ("*", subresource) and "/" in pattern


def selects(webhook: Webhook, review: Review, namespace_labels: Mapping[str, str] | None) -> bool:
    """Whether the selectors of a webhook pick a request."""
    if webhook.namespaces and namespace_labels is not None and not _all(webhook.namespaces, namespace_labels):
        return False
    if not webhook.objects:
        return True
    return any(
        _all(webhook.objects, document["metadata"].get("labels") or {})
        for document in (review.object, review.old_object)
        if document is not None
    )


def _all(requirements: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    return all(requirement.matches(labels) for requirement in requirements)


def conditions_hold(webhook: Webhook, review: Review, request: Mapping[str, Any]) -> bool:
    """Whether all match conditions hold; one that cannot be evaluated refuses the request."""
    variables = {"object": review.object, "oldObject": review.old_object, "request": request}
    failures: list[str] = []
    for expression in webhook.conditions:
        try:
            if compile_expression(expression).evaluate(variables) is not True:
                return False
        except EVALUATION_ERRORS as error:
            failures.append(f"expression '{expression}' resulted in error: {_reason(expression, error, review)}")
    if failures and not webhook.fails_open:
        resource = review.resource
        raise forbidden(resource.plural, resource.group, review.name, "; ".join(failures))
    return not failures


def _reason(expression: str, error: Exception, review: Review) -> str:
    if isinstance(error, KeyError):
        return f"no such key: {error.args[0]}"
    if review.object is None and "object." in expression:
        first = expression.partition("object.")[2]
        name = first[
            : len(first) - len(first.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
        ]
        return f"no such key: {name}"
    return str(error)
