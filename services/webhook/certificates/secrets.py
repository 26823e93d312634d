"""Certificates as Secrets: the two objects that the replicas share them through.

Key names are those of the reference's secret, so that one made by it is used on. A secret that lacks a key, or holds
something else, reads as none: it is then written anew.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64Error
from collections.abc import Mapping

from services.webhook.certificates.pairs import Pair
from services.webhook.certificates.plans import Authority, Serving
from shared.core.json import Manifest, text
from shared.core.resources import SECRETS

Operation = dict[str, object]

_CERTIFICATE, _KEY, _AUTHORITY = "tls.crt", "tls.key", "ca.crt"
_AUTHORITY_KEY, _PREVIOUS = "ca.key", "ca-previous.crt"


def read_serving(secret: Manifest | None) -> Serving | None:
    """Return the pair to serve, when the secret holds one."""
    data = _data(secret)
    if not all(data.get(key) for key in (_CERTIFICATE, _KEY, _AUTHORITY)):
        return None
    return Serving(Pair(data[_CERTIFICATE], data[_KEY]), data[_AUTHORITY])


def read_authority(secret: Manifest | None) -> Authority | None:
    """Return the authority, when the secret holds one."""
    data = _data(secret)
    if not all(data.get(key) for key in (_AUTHORITY, _AUTHORITY_KEY)):
        return None
    return Authority(Pair(data[_AUTHORITY], data[_AUTHORITY_KEY]), data.get(_PREVIOUS, b""))


def serving_data(serving: Serving) -> dict[str, bytes]:
    """Return what the secret of a serving pair holds."""
    return {_CERTIFICATE: serving.pair.certificate, _KEY: serving.pair.key, _AUTHORITY: serving.authority}


def authority_data(authority: Authority) -> dict[str, bytes]:
    """Return what the secret of an authority holds."""
    data = {_AUTHORITY: authority.pair.certificate, _AUTHORITY_KEY: authority.pair.key}
    return data | ({_PREVIOUS: authority.previous} if authority.previous else {})


def new_secret(namespace: str, name: str, data: Mapping[str, bytes]) -> Manifest:
    """Return a secret to create."""
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "metadata": {"namespace": namespace, "name": name},
        "type": "Opaque",
        "data": _encoded(data),
    }


def replacement(secret: Manifest, data: Mapping[str, bytes]) -> list[Operation]:
    """Return the patch that gives a secret other data, if nobody has changed it since it was read. # WC-03"""
    version = text(secret, "metadata", "resourceVersion")
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/data", "value": _encoded(data)},
    ]


def _encoded(data: Mapping[str, bytes]) -> dict[str, str]:
    return {key: b64encode(value).decode() for key, value in data.items()}


def _data(secret: Manifest | None) -> dict[str, bytes]:
    values = (secret or {}).get("data") or {}
    try:
        return {key: b64decode(value, validate=True) for key, value in values.items()}
    except (NotBase64Error, TypeError, ValueError):
        return {}
