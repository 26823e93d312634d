"""Reading the parts of a Kubernetes object that every decision needs, from plain data."""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, integer, items, mapping, text
from shared.core.resources import Ref, Resource, resource_of


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner reference."""

    api_version: str
    kind: str
    name: str
    uid: str
    is_controller: bool = False

    @property
    def resource(self) -> Resource | None:
        """Return the owner's resource when the platform knows it."""
        return resource_of(self.api_version, self.kind)


def name_of(manifest: Manifest) -> str:
    """Return `metadata.name`."""
    return text(manifest, "metadata", "name")


def namespace_of(manifest: Manifest) -> str:
    """Return `metadata.namespace`, empty for cluster-scoped objects."""
    return text(manifest, "metadata", "namespace")


def uid_of(manifest: Manifest) -> str:
    """Return `metadata.uid`."""
    return text(manifest, "metadata", "uid")


def generation_of(manifest: Manifest) -> int:
    """Return `metadata.generation`, 0 for kinds without one."""
    return integer(manifest, "metadata", "generation")


def version_of(manifest: Manifest) -> int:
    """Return `metadata.resourceVersion` as the integer it is compared as (design: epochs)."""
    version = text(manifest, "metadata", "resourceVersion")
    if not version.isdecimal():
        raise InvalidObjectError(f"metadata.resourceVersion of {name_of(manifest)!r} is {version!r}, not a number")
    return int(version)


def labels_of(manifest: Manifest) -> dict[str, str]:
    """Return the labels; values that are no strings are left out."""
    return {key: value for key, value in mapping(manifest, "metadata", "labels").items() if isinstance(value, str)}


def annotations_of(manifest: Manifest) -> dict[str, str]:
    """Return the annotations; values that are no strings are left out."""
    found = mapping(manifest, "metadata", "annotations")
    return {key: value for key, value in found.items() if isinstance(value, str)}


def is_deleting(manifest: Manifest) -> bool:
    """Return whether the object has a deletion timestamp."""
    return bool(text(manifest, "metadata", "deletionTimestamp"))


def finalizers_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the finalizers in their order."""
    return tuple(item for item in items(manifest, "metadata", "finalizers") if isinstance(item, str))


def owners_of(manifest: Manifest) -> tuple[Owner, ...]:
    """Return the owner references in their order."""
    return tuple(
        Owner(
            api_version=text(item, "apiVersion"),
            kind=text(item, "kind"),
            name=text(item, "name"),
            uid=text(item, "uid"),
            is_controller=mapping(item).get("controller") is True,
        )
        for item in items(manifest, "metadata", "ownerReferences")
    )


def controller_of(manifest: Manifest) -> Owner | None:
    """Return the owner reference that controls the object, if one does."""
    return next((owner for owner in owners_of(manifest) if owner.is_controller), None)


def ref_of(manifest: Manifest) -> Ref:
    """Return the address of an object of a known kind; raise InvalidObjectError for others."""
    resource = resource_of(text(manifest, "apiVersion"), text(manifest, "kind"))
    if resource is None or not name_of(manifest):
        raise InvalidObjectError(
            f"no known kind and name: apiVersion={text(manifest, 'apiVersion')!r} kind={text(manifest, 'kind')!r}"
        )
    return Ref(resource, namespace_of(manifest), name_of(manifest))
