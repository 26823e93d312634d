"""The registration is written where it differs, and found by name wherever it stands."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from services.webhook.registrations import Endpoint, registration, trusted_bundle, unregistered
from services.webhook.reviews.kinds import REVIEWED_KINDS, ReviewedKind

[GRAPHS] = REVIEWED_KINDS
SECOND = ReviewedKind(GRAPHS.resource, "second.kb.io", "/second", GRAPHS.review)
SERVICE = {"name": "own", "namespace": "dynamo-system", "port": 443, "path": GRAPHS.path}
INSIDE = Endpoint("dynamo-webhook-service", "dynamo-system")
OUTSIDE = Endpoint("dynamo-webhook-service", "dynamo-system", url="https://127.0.0.1:9443")
BUNDLE = b64encode(b"bundle").decode()


def a_configuration(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"webhooks": [{"name": "other.example.com", "clientConfig": {"url": "https://x"}}, *entries]}


def an_entry(name: str = GRAPHS.webhook, **client_config: Any) -> dict[str, Any]:
    return {"name": name, "clientConfig": client_config}


@pytest.mark.rule("WC-06")
@pytest.mark.parametrize(
    ("endpoint", "before", "after"),
    [
        pytest.param(
            INSIDE,
            {"service": SERVICE},
            {"service": SERVICE, "caBundle": BUNDLE},
            id="a Service that the configuration names stays",
        ),
        pytest.param(
            INSIDE,
            {"url": "https://127.0.0.1:1", "caBundle": BUNDLE},
            {"service": {**SERVICE, "name": "dynamo-webhook-service"}, "caBundle": BUNDLE},
            id="an address of before gives way to the Service",
        ),
        pytest.param(
            OUTSIDE,
            {"service": SERVICE},
            {"url": f"https://127.0.0.1:9443{GRAPHS.path}", "caBundle": BUNDLE},
            id="outside a cluster the address takes the place of the Service",
        ),
    ],
)
def test_a_registration_is_patched_by_name(endpoint: Endpoint, before: Any, after: Any) -> None:
    patch = registration(a_configuration(an_entry(**before)), REVIEWED_KINDS, endpoint=endpoint, bundle=b"bundle")

    assert patch == [
        {"op": "test", "path": "/webhooks/1/name", "value": GRAPHS.webhook},
        {"op": "add", "path": "/webhooks/1/clientConfig", "value": after},
    ]


@pytest.mark.rule("WC-06")
def test_a_registration_that_is_right_is_not_written() -> None:
    configuration = a_configuration(an_entry(service=SERVICE, caBundle=BUNDLE))

    assert registration(configuration, REVIEWED_KINDS, endpoint=INSIDE, bundle=b"bundle") == []


def test_a_missing_entry_is_named() -> None:
    assert unregistered(a_configuration(), (GRAPHS, SECOND)) == ("second.kb.io", GRAPHS.webhook)
    assert unregistered(a_configuration(an_entry()), REVIEWED_KINDS) == ()


@pytest.mark.parametrize(
    ("configuration", "trusted"),
    [
        pytest.param(a_configuration(), b"", id="no entry"),
        pytest.param(a_configuration(an_entry(caBundle=BUNDLE)), b"bundle", id="one entry"),
        pytest.param(
            a_configuration(an_entry(caBundle=BUNDLE), an_entry("second.kb.io", caBundle=BUNDLE)), b"bundle", id="equal"
        ),
        pytest.param(a_configuration(an_entry(caBundle=BUNDLE), an_entry("second.kb.io")), b"", id="different"),
        pytest.param(a_configuration(an_entry(caBundle="?")), b"", id="no base64"),
    ],
)
def test_a_bundle_is_trusted_when_all_entries_have_it(configuration: dict[str, Any], trusted: bytes) -> None:
    assert trusted_bundle(configuration, (GRAPHS, SECOND)) == trusted
