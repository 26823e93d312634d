"""Compute resources of the main container: the component's amounts over those of the container, key by key.

GPUs may be of any vendor, and a request for them is a limit too: the API admits no such request without its limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.quantities import QuantityError, canonical
from shared.api.components import ResourceItem, Resources
from shared.core.json import Manifest, items, mapping

GPU = "nvidia.com/gpu"


def resources(given: Resources | None, container: Mapping[str, object]) -> Manifest:
    """Return the container's `resources`; empty when nothing asks for any. Raises RenderError for a bad quantity."""
    base, own = mapping(container, "resources"), given or Resources()
    limits, requests = own.limits or ResourceItem(), own.requests or ResourceItem()
    kind = limits.gpu_type or GPU
    limited = {**_container_amounts(base, "limits"), **_component_amounts(limits, "limits", kind)}
    kind = requests.gpu_type or kind  # W-16
    requested = {**_container_amounts(base, "requests"), **_component_amounts(requests, "requests", kind)}
    if requests.gpu:
        limited.setdefault(kind, requested[kind])
    result: Manifest = {side: amounts for side, amounts in (("limits", limited), ("requests", requested)) if amounts}
    claims = [*items(base, "claims"), *(claim.dump() for claim in own.claims or ())]
    if claims:
        result["claims"] = claims
    return result


def _container_amounts(base: Mapping[str, object], side: str) -> dict[str, str]:
    return {name: _quantity(str(value), side, name) for name, value in mapping(base, side).items() if value is not None}


def _component_amounts(amounts: ResourceItem, side: str, gpu: str) -> dict[str, str]:
    return {name: _quantity(value, side, key) for key, name, value in _named(amounts, gpu) if value}


def _named(amounts: ResourceItem, gpu: str) -> Iterator[tuple[str, str, str]]:
    """Yield the field that a user wrote, the resource it stands for, and the amount."""
    yield "cpu", "cpu", amounts.cpu
    yield "memory", "memory", amounts.memory
    yield "gpu", gpu, amounts.gpu
    for name, value in (amounts.custom or {}).items():
        yield name, name, value


def _quantity(value: str, side: str, key: str) -> str:
    try:
        return canonical(value)
    except QuantityError as error:
        raise RenderError(
            f"failed to get resources config: parse {side} {key} quantity: {error}",
            code="QuantityInvalid",
            remedy=f"write {side}.{key} as a Kubernetes quantity, such as 500m or 16Gi; it is {value!r}",
        ) from error
