"""Decides who a client is.

Separate, so that how one proves it can grow. Invariant: over TLS nobody is anybody without a certificate that this
run's authority signed; plain HTTP exists only on request, on the loopback address, where everybody is administrator.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aiohttp.web import BaseRequest

from lab.apiserver.errors import unauthorized
from lab.apiserver.verbs.calls import Caller

_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")


def authenticate(request: BaseRequest, *, tls: bool) -> Caller:
    """Return who asks; raises the 401 for who does not say."""
    agent = request.headers.get("User-Agent", "")
    if not tls:
        return Caller("lab-admin", ("system:masters", "system:authenticated"), agent)
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    if certificate:
        return _from_certificate(certificate, agent)
    if request.path.startswith(_PUBLIC):
        return Caller("system:anonymous", ("system:unauthenticated",), agent)
    raise unauthorized()


def _from_certificate(certificate: dict[str, Any], agent: str) -> Caller:
    name, groups = _identity(certificate.get("subject", ()))
    return Caller(name, groups, agent)


@lru_cache
def _identity(subject: tuple[tuple[tuple[str, str], ...], ...]) -> tuple[str, tuple[str, ...]]:
    """Return name and groups that a certificate's subject stands for; those of all requests are a handful."""
    fields: dict[str, list[str]] = {}
    for part in subject:
        for key, value in part:
            fields.setdefault(key, []).append(value)
    return fields.get("commonName", [""])[0], (*fields.get("organizationName", ()), "system:authenticated")
