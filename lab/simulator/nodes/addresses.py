"""Decides which address a pod gets.

Invariant: no two living pods share one; a pod keeps its own.
"""

from ipaddress import IPv4Address
from typing import Final

FIRST: Final = int(IPv4Address("10.128.0.1"))
NUMBER: Final = 2**23 - 2


class Addresses:
    """The addresses in use, by pod uid."""

    def __init__(self) -> None:
        self._by_pod: dict[str, str] = {}
        self._taken: set[str] = set()
        self._next = 0

    def take(self, uid: str, known: str | None = None) -> str:
        """Return the address of a pod: the one it has, or the next free one."""
        if known:
            self._give(uid, known)
        if uid not in self._by_pod:
            self._give(uid, self._free())
        return self._by_pod[uid]

    def give_back(self, uid: str) -> None:
        """Free the address of a pod that is gone."""
        self._taken.discard(self._by_pod.pop(uid, ""))

    def _give(self, uid: str, address: str) -> None:
        self._by_pod[uid] = address
        self._taken.add(address)

    def _free(self) -> str:
        while True:
            address = str(IPv4Address(FIRST + self._next))
            self._next = (self._next + 1) % NUMBER
            if address not in self._taken:
                return address
