"""What the settings of the webhook mean for its certificates and its rules."""

from __future__ import annotations

import pytest

from services.webhook.app import policy, wishes
from services.webhook.settings import WebhookSettings
from shared.api.validation.identities import Policy

SERVICE_NAMES = (
    "dynamo-webhook-service.dynamo-system.svc",
    "dynamo-webhook-service",
    "dynamo-webhook-service.dynamo-system",
    "dynamo-webhook-service.dynamo-system.svc.cluster.local",
)


@pytest.mark.rule("WC-01")
@pytest.mark.parametrize(
    ("reachable_at", "hosts"),
    [
        pytest.param("", SERVICE_NAMES, id="through the Service"),
        pytest.param("127.0.0.1", ("127.0.0.1", *sorted(SERVICE_NAMES, key=len)), id="outside the cluster"),
    ],
)
def test_certificates_are_for_the_name_that_the_api_server_asks_for_first(
    reachable_at: str, hosts: tuple[str, ...]
) -> None:
    assert wishes(WebhookSettings(reachable_at=reachable_at)).hosts == hosts


@pytest.mark.rule("D-09", "D-10")
def test_principals_and_the_compatibility_setting_reach_the_rules() -> None:
    settings = WebhookSettings(principals=("system:serviceaccount:a:b",), legacy_suffix_match=True)

    assert policy(WebhookSettings()) == Policy()
    assert policy(settings) == Policy(principals=frozenset({"system:serviceaccount:a:b"}), legacy_suffix_match=True)
