"""A look at the webhook registration, and a TLS connection to what it names, as the API server would make it."""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509

from cli.findings.evidence import Endpoint, WebhookSeen
from shared.core.json import items, mapping, text
from shared.core.resources import VALIDATING_WEBHOOKS, Ref
from shared.ports.cluster import Cluster

REGISTRATION = Ref(VALIDATING_WEBHOOKS, "", "dynamo-validating")
CONNECT_LIMIT = 1.0  # seconds for a connection with its handshake
_HTTPS = 443


async def of_webhook(cluster: Cluster) -> WebhookSeen:
    """Look at the registration and at each endpoint that can be reached from here."""
    configuration = await cluster.get(REGISTRATION)
    if configuration is None:
        return WebhookSeen(None)
    async with asyncio.TaskGroup() as tasks:
        looks = [tasks.create_task(_endpoint(mapping(entry))) for entry in items(configuration, "webhooks")]
    return WebhookSeen([each.result() for each in looks])


async def _endpoint(entry: Mapping[str, object]) -> Endpoint:
    name, url = text(entry, "name"), text(entry, "clientConfig", "url")
    bundle = _bundle(text(entry, "clientConfig", "caBundle"))
    ends = bundle_end(bundle)
    if not url:
        service = mapping(entry, "clientConfig", "service")
        address = f"Service {text(service, 'namespace')}/{text(service, 'name')}"
        return Endpoint(name, address, ends)
    if ends is None:
        return Endpoint(name, url, ends)
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            return Endpoint(name, url, ends, ends=await _shown_end(url, bundle))
    except TimeoutError:
        return Endpoint(name, url, ends, problem=f"no answer within {CONNECT_LIMIT:g} s")
    except ssl.SSLError as error:
        return Endpoint(name, url, ends, problem=f"its certificate is not trusted: {error.reason or error}")
    except OSError as error:
        return Endpoint(name, url, ends, problem=f"it cannot be reached: {_reason(error)}")


async def _shown_end(url: str, bundle: bytes) -> datetime | None:
    """Connect as the API server does, trusting the bundle alone; return when the certificate that is shown ends."""
    address = urlsplit(url)
    context = ssl.create_default_context(cadata=bundle.decode())
    _, writer = await asyncio.open_connection(address.hostname, address.port or _HTTPS, ssl=context)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert()
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC) if shown else None
    finally:
        writer.transport.abort()


def _reason(error: OSError) -> str:
    # The event loop's own text repeats the address; that of the system says what happened.
    return os.strerror(error.errno) if error.errno else str(error)


def bundle_end(bundle: bytes) -> datetime | None:
    """Return the first end among the authorities of a PEM bundle, or None when it holds none."""
    try:
        return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(bundle))
    except ValueError:
        return None


def _bundle(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except NotBase64Error:
        return b""
