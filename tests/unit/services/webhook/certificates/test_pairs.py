"""Certificates are made for the names that the API server uses, and what was made elsewhere is looked at first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.webhook.certificates.inspection import (
    contains,
    defect,
    is_authority,
    is_issued_by,
    life_of,
)
from services.webhook.certificates.pairs import BACKDATE, Pair, new_authority, new_serving_pair, service_hosts

NOW = datetime(2025, 6, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
HOSTS = ("webhook", "webhook.dynamo-system.svc", "127.0.0.1")
AUTHORITY = new_authority(NOW)
OTHER_AUTHORITY = new_authority(NOW + timedelta(seconds=1))
SERVING = new_serving_pair(AUTHORITY, HOSTS, now=NOW, life=YEAR)


@pytest.mark.rule("WC-01")
def test_a_service_is_reached_under_four_names() -> None:
    assert service_hosts("webhook", "dynamo-system", "cluster.local") == (
        "webhook",
        "webhook.dynamo-system",
        "webhook.dynamo-system.svc",
        "webhook.dynamo-system.svc.cluster.local",
    )


@pytest.mark.rule("WC-01")
def test_an_authority_lives_for_ten_years_and_may_sign_nothing_but_servers() -> None:
    certificate = x509.load_pem_x509_certificate(AUTHORITY.certificate)
    life = life_of(AUTHORITY.certificate)

    assert life is not None
    assert (life.begin, life.end) == (NOW - BACKDATE, NOW + timedelta(days=3650))
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert is_authority(AUTHORITY)


@pytest.mark.rule("WC-01")
def test_a_serving_certificate_is_for_servers_with_a_constant_common_name() -> None:
    certificate = x509.load_pem_x509_certificate(SERVING.certificate)

    assert certificate.subject.rfc4514_string() == "CN=dynamo-webhook"
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    assert defect(SERVING, AUTHORITY.certificate, HOSTS, NOW) == ""


def test_a_serving_certificate_never_outlives_its_authority() -> None:
    authority = new_authority(NOW, life=timedelta(days=1))

    life = life_of(new_serving_pair(authority, HOSTS, now=NOW, life=YEAR).certificate)

    assert life is not None
    assert life.end == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("pair", "authorities", "hosts", "now", "text"),
    [
        pytest.param(
            Pair(b"none", SERVING.key), AUTHORITY.certificate, HOSTS, NOW, "the certificate cannot be read", id="text"
        ),
        pytest.param(
            Pair(SERVING.certificate, AUTHORITY.key),
            AUTHORITY.certificate,
            HOSTS,
            NOW,
            "the key does not belong to the certificate",
            id="another key",
        ),
        pytest.param(
            Pair(SERVING.certificate, b"none"),
            AUTHORITY.certificate,
            HOSTS,
            NOW,
            "the key does not belong to the certificate",
            id="no key",
        ),
        pytest.param(
            SERVING,
            AUTHORITY.certificate,
            HOSTS,
            NOW + YEAR,
            "valid from 2025-05-31 23:55:00+00:00 to 2026-06-01 00:00:00+00:00 only",
            id="expired",
        ),
        pytest.param(SERVING, AUTHORITY.certificate, (*HOSTS, "b", "a"), NOW, "not valid for a, b", id="other names"),
        pytest.param(
            SERVING,
            OTHER_AUTHORITY.certificate,
            HOSTS,
            NOW,
            "not issued by the authority beside it",
            id="another authority",
        ),
        pytest.param(AUTHORITY, AUTHORITY.certificate, ("a",), NOW, "not valid for a", id="no names at all"),
    ],
)
def test_a_pair_that_cannot_be_used_says_why(
    pair: Pair, authorities: bytes, hosts: tuple[str, ...], now: datetime, text: str
) -> None:
    assert defect(pair, authorities, hosts, now) == text


def test_a_bundle_is_searched_whole() -> None:
    bundle = OTHER_AUTHORITY.certificate + AUTHORITY.certificate

    assert is_issued_by(SERVING.certificate, bundle)
    assert contains(bundle, AUTHORITY.certificate)
    assert not contains(OTHER_AUTHORITY.certificate, AUTHORITY.certificate)
    assert not contains(bundle, b"none")
    assert not is_authority(Pair(AUTHORITY.certificate, OTHER_AUTHORITY.key))


def test_what_is_no_certificate_has_no_life() -> None:
    assert life_of(b"none") is None


def test_an_authority_with_a_key_of_another_kind_is_none_of_ours() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "foreign")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + YEAR)
        .sign(key, None)
        .public_bytes(serialization.Encoding.PEM)
    )
    foreign = Pair(
        certificate,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )

    assert not is_authority(foreign)
    with pytest.raises(ValueError, match="no elliptic curve key"):
        new_serving_pair(foreign, HOSTS, now=NOW, life=YEAR)
