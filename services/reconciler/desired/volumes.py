"""Volumes of a pod and their mounts in the main container: the user's own, then claims, then shared memory.

A claim that is mounted twice is one volume with two mounts (W-17). What the user mounts at a place of ours stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.reconciler.desired.backends.backend import Backend
from services.reconciler.desired.component import Component
from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.quantities import QuantityError, canonical, is_zero
from shared.api.components import SharedMemory, VolumeMount
from shared.core.json import Manifest, items, text

SHARED_MEMORY = "shared-memory"
SHARED_MEMORY_PATH = "/dev/shm"
SHARED_MEMORY_SIZE = "8Gi"


@dataclass(frozen=True, slots=True)
class Storage:
    """What a pod mounts."""

    volumes: list[object]
    mounts: list[object]
    cache: str = ""  # where compiled kernels go, when the component says so


def storage(component: Component, backend: Backend) -> Storage:
    """Return all volumes and mounts of a component; raise RenderError for an incomplete mount."""
    volumes = items(component.pod_overlay, "volumes")
    mounts = items(component.main_container, "volumeMounts")
    cache = ""
    for mount in component.spec.volume_mounts or ():
        path = _mount_path(mount, backend)
        cache = cache or (path if mount.use_as_compilation_cache else "")
        claim: Manifest = {"name": mount.name, "persistentVolumeClaim": {"claimName": mount.name}}
        volumes = with_volume(volumes, claim)
        mounts = _with_mount(mounts, {"name": mount.name, "mountPath": path})
    volume = shared_memory(component.spec.shared_memory)
    if volume is not None and SHARED_MEMORY_PATH not in _texts(mounts, "mountPath"):
        volumes = with_volume(volumes, volume)
        mounts = [*mounts, {"name": SHARED_MEMORY, "mountPath": SHARED_MEMORY_PATH}]
    return Storage(volumes, mounts, cache)


def shared_memory(given: SharedMemory | None) -> Manifest | None:
    """Return the memory-backed volume, or None where the component switches it off."""
    if given is not None and given.disabled:
        return None
    asked = str(given.size) if given is not None and given.size is not None else ""
    try:
        size = canonical(asked) if asked and not is_zero(asked) else SHARED_MEMORY_SIZE
    except QuantityError as error:
        raise RenderError(
            f"failed to get resources config: parse sharedMemory size quantity: {error}",
            code="QuantityInvalid",
            remedy=f"write sharedMemory.size as a Kubernetes quantity, such as 16Gi; it is {asked!r}",
        ) from error
    return {"name": SHARED_MEMORY, "emptyDir": {"medium": "Memory", "sizeLimit": size}}


def with_volume(volumes: list[object], volume: Manifest) -> list[object]:
    """Return the volumes with one more, unless one of its name is there (W-17)."""
    return volumes if volume["name"] in _texts(volumes, "name") else [*volumes, volume]


def _with_mount(mounts: list[object], mount: Manifest) -> list[object]:
    return mounts if mount in mounts else [*mounts, mount]


def _mount_path(mount: VolumeMount, backend: Backend) -> str:
    if not mount.name:
        raise _incomplete("volumeMount.name is required when volumeMounts is set", "name the claim in volumeMounts")
    if mount.mount_point:
        return mount.mount_point
    if not mount.use_as_compilation_cache:
        raise _incomplete(
            "volumeMount.mountPoint is required when useAsCompilationCache is false",
            f"set the mountPoint of volume mount {mount.name}",
        )
    if not backend.cache_mount:
        raise _incomplete(
            "volumeMount with useAsCompilationCache=true requires an explicit mountPoint for backend framework "
            f"{backend.name} (no default available)",
            f"set the mountPoint of volume mount {mount.name}",
        )
    return backend.cache_mount


def _texts(entries: Iterable[object], key: str) -> set[str]:
    return {text(entry, key) for entry in entries}


def _incomplete(message: str, remedy: str) -> RenderError:
    return RenderError(message, code="VolumeMountInvalid", remedy=remedy)
