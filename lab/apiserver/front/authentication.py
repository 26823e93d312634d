"""Decides who a client is.

Separate, so that how one proves it can grow. Invariant: over TLS nobody is anybody without a certificate that this
run's authority signed; plain HTTP exists only on request, on the loopback address, where everybody is administrator.
"""

from __future__ import annotations

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
    fields: dict[str, list[str]] = {}
    for part in certificate.get("subject", ()):
        for key, value in part:
            fields.setdefault(key, []).append(value)
    groups = (*fields.get("organizationName", ()), "system:authenticated")
    return Caller(fields.get("commonName", [""])[0], groups, agent)
