"""Where the API server is and how we prove who we are: kubeconfig, or the pod's own account.

Reading is left to `kubernetes_asyncio`, which knows the formats and plugins; this module decides when to read again.
Tokens and client certificates are renewed on disk while a service runs, so what was read is only good for a minute,
and a refused request asks for it anew at once.
"""

from __future__ import annotations

import asyncio
import os.path
import ssl
import urllib.request
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from shared.core.errors import UnreachableError
from shared.kube.library import ConfigException, Configuration, load_incluster_config, load_kube_config
from shared.ports.clock import Clock

GOOD_FOR = timedelta(minutes=1)
_HOME = Path("~/.kube/config")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the server with one set of credentials."""

    server: str
    headers: dict[str, str]
    tls: ssl.SSLContext | bool
    server_name: str | None
    proxy: str | None


@dataclass(slots=True)
class Credentials:
    """The credentials of one process, read again when they may have changed."""

    clock: Clock
    kubeconfig: Path | None = None
    context: str = ""
    deadline: timedelta = timedelta(seconds=10)  # plugins ask other servers
    _access: Access | None = None
    _read_at: float = 0.0
    _certificates: object = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def access(self, *, refused: Access | None = None) -> Access:
        """Return how to reach the server; `refused` is what did not work, so that many refusals cause one reading."""
        found = self.known(refused=refused)
        if found is not None:
            return found
        known = self._access
        async with self._reading:
            if self._access is None or self._access is known:
                self._access = await self._read(known)
                self._read_at = self.clock.elapsed()
            return self._access

    def known(self, *, refused: Access | None = None) -> Access | None:
        """Return how to reach the server if that is known and fresh, so that a request waits for nothing."""
        is_fresh = self.clock.elapsed() - self._read_at < GOOD_FOR.total_seconds()
        return self._access if is_fresh and self._access is not refused else None

    async def _read(self, known: Access | None) -> Access:
        try:
            async with asyncio.timeout(self.deadline.total_seconds()):
                configuration = await self._configuration()
                certificates = await asyncio.to_thread(_state_of_files, configuration)
                is_same = known is not None and certificates == self._certificates
                # A new context closes no connection, but none of the old ones is used again.
                tls = known.tls if known is not None and is_same else await asyncio.to_thread(_tls, configuration)
        except TimeoutError as error:
            raise UnreachableError("credentials were not read in time") from error
        except (OSError, ssl.SSLError) as error:
            raise UnreachableError(f"credentials cannot be read: {error}") from error
        self._certificates = certificates
        return _access(configuration, tls)

    async def _configuration(self) -> Any:
        configuration = Configuration()
        path = self.kubeconfig
        if path is None:
            try:
                load_incluster_config(  # type: ignore[no-untyped-call]  # the library has no types here
                    client_configuration=configuration, try_refresh_token=False
                )
            except ConfigException:
                path = _HOME
            else:
                return configuration
        file = path.expanduser()
        if not await asyncio.to_thread(file.exists):
            raise UnreachableError(f"kubeconfig {file} does not exist")
        try:
            await load_kube_config(
                config_file=str(file),
                context=self.context or None,
                client_configuration=configuration,
                persist_config=False,
            )
        except (ConfigException, AssertionError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            # What the library raises for a file that lacks a part. It may be half written, so it is read again.
            raise UnreachableError(f"kubeconfig {file} cannot be used: {error or type(error).__name__}") from error
        return configuration


def _access(configuration: Any, tls: ssl.SSLContext | bool) -> Access:
    server = str(configuration.host).rstrip("/")
    token = configuration.api_key.get("BearerToken")
    return Access(
        server=server,
        headers={"Authorization": str(token).strip()} if token else {},
        tls=tls,
        server_name=configuration.tls_server_name or None,
        proxy=configuration.proxy or _environment_proxy(server),
    )


def _tls(configuration: Any) -> ssl.SSLContext | bool:
    if not str(configuration.host).startswith("https"):
        return False
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    # Authorities of clusters often lack the key identifiers that Python 3.13 began to ask for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    return context


def _state_of_files(configuration: Any) -> tuple[tuple[str, float], ...]:
    files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    return tuple((str(file), os.path.getmtime(file)) for file in files if file)


def _environment_proxy(server: str) -> str | None:
    parts = urlsplit(server)
    host = parts.hostname or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
