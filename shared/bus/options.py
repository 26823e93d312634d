"""Everything that may differ between one connection to the event log and another.

Separate because the adapter reads no settings: who assembles a service fills these in, and tests shrink the times.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.core.errors import PermanentError


@dataclass(frozen=True, slots=True)
class NatsTimes:
    """How long things may take."""

    connect: timedelta = timedelta(seconds=2)
    reconnect_cap: timedelta = timedelta(seconds=1)  # longest pause between two attempts
    ping: timedelta = timedelta(seconds=10)
    doubt: timedelta = timedelta(seconds=1)  # without an answer, after which a server is asked whether it lives
    publish: timedelta = timedelta(seconds=10)  # a replicated stream whose leader died stalls for 5 to 7 s
    request: timedelta = timedelta(seconds=5)
    heartbeat: timedelta = timedelta(seconds=2)  # of an idle ordered consumer; three missed ones reopen it


@dataclass(frozen=True, slots=True)
class NatsOptions:
    """Where the servers are and who we are to them."""

    servers: tuple[str, ...]
    name: str = "dynamo"
    user: str = ""
    password: str = field(default="", repr=False)
    credentials: Path | None = None  # a `.creds` file: user JWT and seed
    certificate_authority: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    replicas: int = 0  # of each stream; 0 is by the number of servers
    times: NatsTimes = field(default_factory=NatsTimes)


def tls_context(options: NatsOptions) -> ssl.SSLContext | None:
    """Return the TLS context, or None where no file and no `tls://` address asks for one."""
    wants_tls = any(server.startswith(("tls://", "wss://")) for server in options.servers)
    if not (wants_tls or options.certificate_authority or options.client_certificate):
        return None
    try:
        context = ssl.create_default_context(cafile=options.certificate_authority)
        if options.client_certificate:
            context.load_cert_chain(options.client_certificate, options.client_key)
    except OSError as error:  # a missing file; ssl.SSLError is one too
        raise PermanentError(f"TLS files for the event log cannot be used: {error}") from error
    return context
