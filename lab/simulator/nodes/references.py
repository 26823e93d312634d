"""Decides whether the Secrets and ConfigMaps that a pod needs before it starts are there.

Pure, given a way to look up which keys exist. Reasons and messages are the kubelet's. Invariant: what is optional is
never missing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lab.simulator.client.resources import Document

CONFIGURATION_ERROR: Final = "CreateContainerConfigError"
FAILED_MOUNT: Final = "FailedMount"

Lookup = Callable[[str, str], Iterable[str] | None]


@dataclass(frozen=True, slots=True)
class Missing:
    """What a pod lacks, in the kubelet's words; a volume keeps the containers from being created at all."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class _Need:
    kind: str
    name: str
    key: str | None
    volume: str | None
    is_optional: bool


def missing(pod: Document, *, secrets: Lookup, config_maps: Lookup) -> Missing | None:
    """Return the first thing that `pod` lacks, or nothing."""
    namespace = pod["metadata"]["namespace"]
    for need in (*_volumes(pod["spec"]), *_environment(pod["spec"])):
        if need.is_optional:
            continue
        keys = (secrets if need.kind == "Secret" else config_maps)(namespace, need.name)
        if keys is None:
            return _said(need, f'{need.kind.lower()} "{need.name}" not found')
        if need.key is not None and need.key not in keys:
            if need.volume is not None:
                return _said(need, f"references non-existent {need.kind.lower()} key: {need.key}")
            return _said(need, f"couldn't find key {need.key} in {need.kind} {namespace}/{need.name}")
    return None


def _said(need: _Need, text: str) -> Missing:
    if need.volume is None:
        return Missing(CONFIGURATION_ERROR, text)
    return Missing(FAILED_MOUNT, f'MountVolume.SetUp failed for volume "{need.volume}" : {text}')


def _environment(spec: Document) -> Iterator[_Need]:
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for source in container.get("envFrom") or ():
            if "secretRef" in source:
                yield _need("Secret", source["secretRef"])
            if "configMapRef" in source:
                yield _need("ConfigMap", source["configMapRef"])
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            if "secretKeyRef" in source:
                yield _need("Secret", source["secretKeyRef"], key=source["secretKeyRef"].get("key"))
            if "configMapKeyRef" in source:
                yield _need("ConfigMap", source["configMapKeyRef"], key=source["configMapKeyRef"].get("key"))


def _volumes(spec: Document) -> Iterator[_Need]:
    for volume in spec.get("volumes") or ():
        projected = (volume.get("projected") or {}).get("sources") or ()
        for source in (volume, *projected):
            if "secret" in source:
                yield from _files("Secret", source["secret"], volume["name"])
            if "configMap" in source:
                yield from _files("ConfigMap", source["configMap"], volume["name"])


def _files(kind: str, source: dict[str, Any], volume: str) -> Iterator[_Need]:
    yield _need(kind, source, volume=volume)
    for item in source.get("items") or ():
        yield _need(kind, source, key=item.get("key"), volume=volume)


def _need(kind: str, source: dict[str, Any], *, key: str | None = None, volume: str | None = None) -> _Need:
    name = source.get("secretName") or source.get("name") or ""
    return _Need(kind, name, key, volume, bool(source.get("optional")))
