"""Owner references: what ties a child to the object it was made for, so that deletion collects it."""

from __future__ import annotations

from shared.core.json import Manifest, text
from shared.core.objects import Owner


def owner_of(primary: Manifest) -> Owner:
    """Return the controller that a primary is to its children; its uid is empty when no cluster made the object."""
    return Owner(
        api_version=text(primary, "apiVersion"),
        kind=text(primary, "kind"),
        name=text(primary, "metadata", "name"),
        uid=text(primary, "metadata", "uid"),
        is_controller=True,
    )


def owned(manifest: Manifest, owner: Owner) -> Manifest:
    """Return a child with the owner as its controller. Without a uid the reference is for display only."""
    reference: Manifest = {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    if owner.uid:
        reference["uid"] = owner.uid
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}
