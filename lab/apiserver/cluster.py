"""What every verb works on: the store, what is served, admission, and the pools that writes draw from.

Separate from the HTTP front, so that controllers inside the process write by the same verbs as clients do.
Invariant: whatever changes an object goes through `lab.apiserver.verbs`; nothing else calls `Store.put`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.apiserver.admission.chain import Admission
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.registry.resources import Resource, field_reader
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.store import Store
from lab.apiserver.strategies.addresses import AddressPool


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that requests share."""

    store: Store
    catalog: Catalog
    admission: Admission
    addresses: AddressPool = field(default_factory=AddressPool)

    def collection(self, resource: Resource) -> Collection:
        """Return where objects of a resource are kept."""
        found = self.store.collection(resource.group, resource.plural)
        if found is None:
            found = self.store.open(resource.group, resource.plural, field_reader(resource.selectable))
        return found
