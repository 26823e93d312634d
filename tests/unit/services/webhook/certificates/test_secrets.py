"""Pairs survive their way through Secrets, and foreign content reads as none."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from services.webhook.certificates.pairs import Pair
from services.webhook.certificates.plans import Authority, Serving
from services.webhook.certificates.secrets import (
    authority_data,
    new_secret,
    read_authority,
    read_serving,
    replacement,
    serving_data,
)

SERVING = Serving(Pair(b"certificate", b"key"), b"authority")


def test_a_serving_pair_is_read_as_it_was_written() -> None:
    secret = new_secret("dynamo-system", "webhook-server-cert", serving_data(SERVING))

    assert read_serving(secret) == SERVING
    assert sorted(secret["data"]) == ["ca.crt", "tls.crt", "tls.key"]
    assert secret["type"] == "Opaque"


@pytest.mark.rule("WC-02")
@pytest.mark.parametrize(
    ("previous", "keys"),
    [
        pytest.param(b"", ["ca.crt", "ca.key"], id="alone"),
        pytest.param(b"older", ["ca-previous.crt", "ca.crt", "ca.key"], id="with the one before"),
    ],
)
def test_an_authority_is_read_as_it_was_written(previous: bytes, keys: list[str]) -> None:
    authority = Authority(Pair(b"certificate", b"key"), previous)

    secret = new_secret("dynamo-system", "webhook-server-cert-ca", authority_data(authority))

    assert read_authority(secret) == authority
    assert sorted(secret["data"]) == keys


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(None, id="none"),
        pytest.param({}, id="without data"),
        pytest.param({"data": None}, id="with empty data"),
        pytest.param({"data": {"tls.crt": "eA==", "ca.crt": "eA=="}}, id="without a key"),
        pytest.param({"data": {"tls.crt": "?", "tls.key": "?", "ca.crt": "?", "ca.key": "?"}}, id="no base64"),
        pytest.param({"data": {"tls.crt": 1, "tls.key": 1, "ca.crt": 1, "ca.key": 1}}, id="no text"),
    ],
)
def test_a_secret_that_holds_something_else_reads_as_none(secret: dict[str, Any] | None) -> None:
    assert read_serving(secret) is None
    assert read_authority(secret) is None


@pytest.mark.rule("WC-03")
def test_a_secret_is_replaced_only_in_the_version_that_was_read() -> None:
    patch = replacement({"metadata": {"resourceVersion": "7"}}, {"ca.crt": b"x"})

    assert patch == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/data", "value": {"ca.crt": b64encode(b"x").decode()}},
    ]
