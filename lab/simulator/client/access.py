"""Decides how to reach and trust a cluster from a kubeconfig.

Separate because it is the only place that reads credentials. Invariant: what it cannot use (an exec plug-in) it refuses
by name instead of asking anonymously.
"""

import base64
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class AccessError(Exception):
    """A kubeconfig that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster is, and what proves who asks."""

    server: str
    tls: ssl.SSLContext | None
    headers: Mapping[str, str]


class KubeconfigFile:
    """A kubeconfig that may be written anew while it is used."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._written = self._stamp()

    def read(self) -> Access:
        """Return the access that it gives now."""
        stamp = self._stamp()
        access = read_access(self._kubeconfig, self._context)
        self._written = stamp
        return access

    def read_if_changed(self) -> Access | None:
        """Return the access if the file was written since it was read, and can be read."""
        if self._stamp() in (self._written, None):
            return None
        try:
            return self.read()
        except (AccessError, OSError, ssl.SSLError, ValueError, yaml.YAMLError):
            return None  # half written: the next failure looks again

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._kubeconfig.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino


def read_access(kubeconfig: Path, context: str | None = None) -> Access:
    """Return the access that `kubeconfig` gives through its current or the named context."""
    document = yaml.safe_load(kubeconfig.read_text()) or {}
    chosen = _named(document, "context", context or document.get("current-context", ""))
    cluster = _named(document, "cluster", chosen.get("cluster", ""))
    user = _named(document, "user", chosen.get("user", "")) if chosen.get("user") else {}
    if "exec" in user or "auth-provider" in user:
        raise AccessError(f"{kubeconfig}: credentials from a plug-in are not supported, use a certificate or a token")
    server = str(cluster["server"]).rstrip("/")
    tls = _tls(cluster, user, kubeconfig.parent) if server.startswith("https://") else None
    return Access(server=server, tls=tls, headers=_headers(user, kubeconfig.parent))


def _named(document: Mapping[str, Any], field: str, name: str) -> dict[str, Any]:
    for entry in document.get(f"{field}s") or ():
        if entry.get("name") == name:
            found: dict[str, Any] = entry.get(field) or {}
            return found
    raise AccessError(f"the kubeconfig has no {field} {name!r}")


def _headers(user: Mapping[str, Any], folder: Path) -> dict[str, str]:
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = (folder / user["tokenFile"]).read_text().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority", folder)
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate, key = _content(user, "client-certificate", folder), _content(user, "client-key", folder)
    if certificate and key:
        with tempfile.NamedTemporaryFile() as file:  # readable by this user only; the ssl module takes files
            file.write(certificate + b"\n" + key)
            file.flush()
            tls.load_cert_chain(file.name)
    return tls


def _content(section: Mapping[str, Any], field: str, folder: Path) -> bytes | None:
    if section.get(f"{field}-data"):
        return base64.b64decode(section[f"{field}-data"])
    if section.get(field):
        return Path(folder, section[field]).read_bytes()
    return None
