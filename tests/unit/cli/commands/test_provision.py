"""Provisioning again must not undo what the webhook has written."""

from cli.commands.provision import without_known_addresses

SERVICE = {"service": {"name": "webhook", "namespace": "system"}}
WANTED = {
    "kind": "ValidatingWebhookConfiguration",
    "webhooks": [{"name": "graphs", "clientConfig": SERVICE}, {"name": "models", "clientConfig": SERVICE}],
}


def test_states_the_service_of_webhooks_that_are_not_there() -> None:
    assert without_known_addresses(WANTED, {}) == WANTED


def test_states_the_service_again_where_it_is_the_address() -> None:
    live = {"webhooks": [{"name": "graphs", "clientConfig": {**SERVICE, "caBundle": "eA=="}}]}

    assert without_known_addresses(WANTED, live) == WANTED


def test_leaves_the_address_of_a_webhook_that_has_put_in_its_own() -> None:
    live = {"webhooks": [{"name": "graphs", "clientConfig": {"url": "https://127.0.0.1:1/x", "caBundle": "eA=="}}]}

    webhooks = without_known_addresses(WANTED, live)["webhooks"]

    assert webhooks == [{"name": "graphs"}, {"name": "models", "clientConfig": SERVICE}]
