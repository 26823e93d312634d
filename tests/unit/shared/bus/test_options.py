"""Which connections to the event log use TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from shared.bus.options import NatsOptions, tls_context
from shared.core.errors import PermanentError


def test_a_plain_address_uses_no_tls() -> None:
    assert tls_context(NatsOptions(servers=("nats://127.0.0.1:4222",))) is None


def test_a_tls_address_is_verified() -> None:
    context = tls_context(NatsOptions(servers=("tls://nats:4222",)))

    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_a_missing_certificate_authority_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    options = NatsOptions(servers=("nats://nats:4222",), certificate_authority=tmp_path / "ca.crt")

    with pytest.raises(PermanentError, match="TLS files"):
        tls_context(options)


def test_the_password_is_not_printed() -> None:
    assert "secret" not in repr(NatsOptions(servers=("nats://nats:4222",), user="a", password="secret"))
