"""Everything that may differ between one connection to etcd and another.

Separate because the adapter reads no settings: who assembles a service fills these in, and tests shrink the times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.core.errors import PermanentError


@dataclass(frozen=True, slots=True)
class EtcdTimes:
    """How long things may take."""

    call: timedelta = timedelta(seconds=5)  # deadline of every call
    back_off_cap: timedelta = timedelta(seconds=1)  # longest pause between two attempts
    watch_ping: timedelta = timedelta(seconds=5)  # a silent watch is asked for its progress, and left after three


@dataclass(frozen=True, slots=True)
class EtcdOptions:
    """Where the servers are and who we are to them."""

    endpoints: tuple[str, ...]  # `host:port`, with or without `http://` or `https://`
    user: str = ""
    password: str = field(default="", repr=False)
    certificate_authority: Path | None = None
    client_certificate: Path | None = None  # its common name is the user where etcd is set up that way
    client_key: Path | None = None
    times: EtcdTimes = field(default_factory=EtcdTimes)

    @property
    def uses_tls(self) -> bool:
        """Return whether an address or a file asks for TLS."""
        is_secure = any(endpoint.startswith("https://") for endpoint in self.endpoints)
        return is_secure or self.certificate_authority is not None or self.client_certificate is not None


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The contents of the TLS files; None where there is none."""

    certificate_authority: bytes | None
    client_certificate: bytes | None
    client_key: bytes | None


def read_tls_files(options: EtcdOptions) -> TlsFiles:
    """Return the TLS files; raise PermanentError naming the one that cannot be read."""
    return TlsFiles(_read(options.certificate_authority), _read(options.client_certificate), _read(options.client_key))


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise PermanentError(f"TLS file for etcd cannot be read: {path}: {error.strerror}") from error
