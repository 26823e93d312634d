"""What the namespace of a primary offers to pods, from the facts of that namespace and no other.

Its digest belongs into the inputs of a pass: a secret that comes or goes makes the components of its namespace render
again, and nobody else's. Until all namespaces have been looked at once, what one lacks is not known, and nothing
is rendered: a pod that started without its pull secret would be replaced a moment later (OB-07, W-19).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.reconciler.desired.component import Surroundings
from shared.contracts.facts import (
    ACCOUNTS,
    REGISTRIES,
    decode_accounts,
    decode_registries,
    namespace_of_fact,
    of_namespace,
)
from shared.core.json import digest

_NOTHING = b""


@dataclass(frozen=True, slots=True)
class Around:
    """The surroundings in one namespace, and what changes whenever they do."""

    surroundings: Surroundings
    digest: str


@dataclass(slots=True)
class Neighbourhoods:
    """Surroundings by namespace, decoded once for as long as their facts stay the same.

    A namespace that offers nothing, such as one that is gone, is not remembered.
    """

    _known: dict[str, tuple[tuple[bytes, bytes], Around]] = field(default_factory=dict)

    def of(self, facts: Mapping[str, bytes], namespace: str) -> Around | None:
        """Return what is around in a namespace; None while nobody has looked at all of them."""
        if REGISTRIES not in facts or ACCOUNTS not in facts:
            return None
        recorded = (
            facts.get(of_namespace(REGISTRIES, namespace), _NOTHING),
            facts.get(of_namespace(ACCOUNTS, namespace), _NOTHING),
        )
        if not any(recorded):
            return NOTHING_AROUND
        known = self._known.get(namespace)
        if known is None or known[0] != recorded:
            offering = {namespace_of_fact(name) for name in facts}
            self._known = {each: found for each, found in self._known.items() if each in offering}
            known = self._known[namespace] = (recorded, _around(*recorded))
        return known[1]


def _around(registries: bytes, accounts: bytes) -> Around:
    found = Surroundings(
        pull_secrets=decode_registries(registries) if registries else {},
        component_accounts=decode_accounts(accounts) if accounts else (),
    )
    return Around(found, digest([registries.decode(), accounts.decode()]))


NOTHING_AROUND = _around(_NOTHING, _NOTHING)
