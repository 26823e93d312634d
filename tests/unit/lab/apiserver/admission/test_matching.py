"""A webhook is asked exactly about what its rules, selectors and conditions name."""

from typing import Any

import pytest

from lab.apiserver.admission.configurations import Rule as WebhookRule
from lab.apiserver.admission.configurations import Webhook, parse_selector
from lab.apiserver.admission.matching import conditions_hold, matching_version, selects
from lab.apiserver.admission.reviews import Review
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.verbs.calls import Caller
from tests.unit.lab.apiserver.clusters import a_widget, a_widget_resource


def a_rule(**how: Any) -> WebhookRule:
    """Return a rule that names widgets in v1."""
    known: dict[str, Any] = {
        "groups": ("lab.example.com",),
        "versions": ("v1",),
        "operations": ("*",),
        "resources": ("widgets",),
        "scope": "*",
    }
    return WebhookRule(**{**known, **how})


def a_webhook(**how: Any) -> Webhook:
    """Return a webhook that wants to see all widgets."""
    known: dict[str, Any] = {
        "name": "hook",
        "url": "https://127.0.0.1/",
        "service": "",
        "ca_bundle": "",
        "rules": (a_rule(),),
        "namespaces": (),
        "objects": (),
        "conditions": (),
        "fails_open": False,
        "matches_equivalents": True,
        "timeout": 1,
        "is_dry_runnable": True,
    }
    return Webhook(**{**known, **how})


def a_review(document: Document | None = None, *, old: Document | None = None, subresource: str = "") -> Review:
    """Return a question about a widget."""
    return Review(
        operation="UPDATE",
        resource=a_widget_resource(versions=("v1", "v2")),
        subresource=subresource,
        namespace="n",
        name="one",
        caller=Caller("someone"),
        object=document,
        old_object=old,
        dry_run=False,
        options={},
    )


@pytest.mark.parametrize(
    ("rule", "subresource", "asked"),
    [
        (a_rule(), "", True),
        (a_rule(), "status", False),
        (a_rule(resources=("widgets/*",)), "status", True),
        (a_rule(resources=("*",)), "", True),
        (a_rule(resources=("*",)), "status", False),
        (a_rule(resources=("*/*",)), "status", True),
        (a_rule(operations=("CREATE",)), "", False),
        (a_rule(groups=("*",)), "", True),
        (a_rule(groups=("other",)), "", False),
        (a_rule(scope="Cluster"), "", False),
    ],
)
def test_rules_name_operations_groups_resources_and_scope(rule: WebhookRule, subresource: str, asked: bool) -> None:
    version = matching_version(a_webhook(rules=(rule,)), a_review(a_widget(), subresource=subresource))

    assert (version is not None) is asked


@pytest.mark.parametrize(("equivalents", "version"), [(True, "v2"), (False, None)])
def test_another_version_is_shown_only_as_an_equivalent(equivalents: bool, version: str | None) -> None:
    webhook = a_webhook(rules=(a_rule(versions=("v2",)),), matches_equivalents=equivalents)

    assert matching_version(webhook, a_review(a_widget())) == version


def test_the_old_labels_count_as_well_as_the_new() -> None:
    webhook = a_webhook(objects=parse_selector({"matchLabels": {"guard": "on"}}))
    guarded = a_widget()
    guarded["metadata"]["labels"] = {"guard": "on"}

    assert selects(webhook, a_review(a_widget(), old=guarded), {})
    assert not selects(webhook, a_review(a_widget(), old=a_widget()), {})


def test_the_namespace_is_selected_by_its_labels() -> None:
    webhook = a_webhook(namespaces=parse_selector({"matchExpressions": [{"key": "team", "operator": "Exists"}]}))

    assert selects(webhook, a_review(a_widget()), {"team": "a"})
    assert not selects(webhook, a_review(a_widget()), {})


def test_conditions_are_asked_of_the_object() -> None:
    webhook = a_webhook(conditions=("object.spec.size > 5",))

    assert conditions_hold(webhook, a_review(a_widget(size=6)), {})
    assert not conditions_hold(webhook, a_review(a_widget(size=1)), {})


def test_a_condition_that_cannot_be_evaluated_refuses_unless_failures_are_ignored() -> None:
    review = a_review(None, old=a_widget())

    with pytest.raises(ApiError, match="no such key: spec"):
        conditions_hold(a_webhook(conditions=("object.spec.size > 5",)), review, {})
    assert not conditions_hold(a_webhook(conditions=("object.spec.size > 5",), fails_open=True), review, {})
