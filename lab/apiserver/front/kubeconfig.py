"""Writes the kubeconfig with which every client of this run authenticates.

Separate, because its shape is a public contract. Invariant: it is readable by its owner only, and complete when it
appears.
"""

from __future__ import annotations

import base64

import yaml

from lab.apiserver.front.certificates import Authority


def kubeconfig(server: str, authority: Authority | None) -> bytes:
    """Return a kubeconfig for the administrator; without an authority, for plain HTTP."""
    cluster: dict[str, str] = {"server": server}
    user: dict[str, str] = {}
    if authority is not None:
        pair = authority.client("lab-admin", ("system:masters",))
        cluster["certificate-authority-data"] = _encoded(authority.pem)
        user["client-certificate-data"] = _encoded(pair.certificate)
        user["client-key-data"] = _encoded(pair.key)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab-admin", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab-admin", "namespace": "default"}}],
        "current-context": "lab",
    }
    return yaml.safe_dump(config, sort_keys=False).encode()


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
