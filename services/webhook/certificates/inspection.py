"""Looks at certificates that may have been made by someone else: are they usable, for whom, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.webhook.certificates.pairs import Pair


@dataclass(frozen=True, slots=True)
class Life:
    """When a certificate begins and ends."""

    begin: datetime
    end: datetime


def life_of(certificate: bytes) -> Life | None:
    """Return the life of a PEM certificate, or None when it cannot be read."""
    found = _load(certificate)
    return None if found is None else Life(found.not_valid_before_utc, found.not_valid_after_utc)


def defect(pair: Pair, authorities: bytes, hosts: Sequence[str], now: datetime) -> str:
    """Return why a serving pair cannot be used, empty when it can."""
    certificate = _load(pair.certificate)
    if certificate is None:
        return "the certificate cannot be read"
    if not _fits(certificate, pair.key):
        return "the key does not belong to the certificate"
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        return f"valid from {certificate.not_valid_before_utc} to {certificate.not_valid_after_utc} only"
    missing = sorted(set(hosts) - _hosts(certificate))
    if missing:
        return f"not valid for {', '.join(missing)}"
    if not is_issued_by(pair.certificate, authorities):
        return "not issued by the authority beside it"
    return ""


def is_issued_by(certificate: bytes, authorities: bytes) -> bool:
    """Return whether one of the authorities in a PEM bundle has signed a certificate."""
    found = _load(certificate)
    return found is not None and any(_has_signed(authority, found) for authority in _load_all(authorities))


def is_authority(pair: Pair) -> bool:
    """Return whether we can sign with a pair: a readable certificate with its own key, of the form that we make."""
    certificate = _load(pair.certificate)
    if certificate is None or not _fits(certificate, pair.key):
        return False
    return isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def contains(bundle: bytes, certificate: bytes) -> bool:
    """Return whether a PEM bundle holds a certificate."""
    wanted = _load(certificate)
    return wanted is not None and wanted in _load_all(bundle)


def _load(certificate: bytes) -> x509.Certificate | None:
    found = _load_all(certificate)
    return found[0] if found else None


def _load_all(bundle: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(bundle)
    except ValueError:
        return []


def _has_signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _fits(certificate: x509.Certificate, key: bytes) -> bool:
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return private.public_key() == certificate.public_key()


def _hosts(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {str(ip_address(str(each))) for each in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))
