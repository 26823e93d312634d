"""What a registry secret says about itself: for which registries it holds credentials, and nothing else of it.

Separate so that the one place which looks into secrets is pure and small: names of hosts go out, nothing more. A secret
that cannot be read is the problem of its own, never of the others (W-19).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping

import orjson

from services.reconciler.desired.pull_secrets import registry_of
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, text

SECRET_TYPE = "kubernetes.io/dockerconfigjson"
_ENTRY = ".dockerconfigjson"


def registries_of(secret: Manifest) -> tuple[str, ...]:
    """Return the registries that a secret is for, sorted; raise InvalidObjectError where that cannot be read.

    No text of the secret appears in the error.
    """
    try:
        document = orjson.loads(base64.b64decode(text(secret, "data", _ENTRY), validate=True))
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("auths", {}), dict):
        raise InvalidObjectError(f"its {_ENTRY} is no Docker configuration")
    hosts = {registry_of(entry) for entry in document.get("auths", {})}
    return tuple(sorted(hosts - {""}))


def by_registry(secrets: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the names of secrets by registry, from the registries that each one is for."""
    found: dict[str, list[str]] = {}
    for name in sorted(secrets):
        for host in secrets[name]:
            found.setdefault(host, []).append(name)
    return found
