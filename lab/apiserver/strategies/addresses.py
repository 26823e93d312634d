"""Decides which cluster address a Service gets.

Separate, because it is the one thing that a write needs beyond the object: a pool. Invariant: an address in use is
never given twice; one that was asked for by name is taken as asked.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress

from lab.apiserver.documents import Document

SERVICE_RANGE = ipaddress.ip_network("10.96.0.0/16")
FIRST_NODE_PORT = 30000


class AddressPool:
    """The addresses and node ports that Services hold."""

    def __init__(self) -> None:
        self._next = 10
        self._next_port = FIRST_NODE_PORT

    def hold(self, document: Document) -> None:
        """Count what a restored Service holds as given."""
        spec = document["spec"]
        for address in spec.get("clusterIPs") or ():
            with suppress(ValueError):  # "None" of a headless Service
                given = int(ipaddress.ip_address(address)) - int(SERVICE_RANGE.network_address)
                self._next = max(self._next, given)
        for port in spec.get("ports") or ():
            self._next_port = max(self._next_port, port.get("nodePort", 0))

    def assign(self, document: Document) -> None:
        """Fill in clusterIP, clusterIPs and node ports where the Service has none yet."""
        spec = document["spec"]
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"] = (spec.get("clusterIPs") or [self._address()])[0]
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports") or ():
                port.setdefault("nodePort", self._port())

    def _address(self) -> str:
        self._next += 1
        return str(SERVICE_RANGE[self._next % (SERVICE_RANGE.num_addresses - 2) + 1])

    def _port(self) -> int:
        self._next_port += 1
        return FIRST_NODE_PORT + self._next_port % 2767


def keep_addresses(document: Document, live: Document) -> None:
    """Carry over the addresses that an update leaves out."""
    spec, before = document["spec"], live["spec"]
    if "ExternalName" in (spec.get("type"), before.get("type")):
        return
    for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if not spec.get(field) and before.get(field):
            spec[field] = before[field]
