"""Compute resources of the main container: the component's amounts over those of the container, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.quantities import QuantityError, canonical
from shared.api.components import ResourceItem, Resources
from shared.core.json import Manifest, items, mapping

GPU = "nvidia.com/gpu"


def resources(given: Resources | None, container: Mapping[str, object]) -> Manifest:
    """Return the container's `resources`; empty when nothing asks for any. Raises RenderError for a bad quantity."""
    base = mapping(container, "resources")
    result: Manifest = {}
    for side in ("limits", "requests"):
        amounts = {**_container_amounts(base, side), **_component_amounts(getattr(given, side, None), side)}
        if amounts:
            result[side] = amounts
    claims = [*items(base, "claims"), *(claim.dump() for claim in (given and given.claims) or ())]
    if claims:
        result["claims"] = claims
    return result


def _container_amounts(base: Mapping[str, object], side: str) -> dict[str, str]:
    return {name: _quantity(str(value), side, name) for name, value in mapping(base, side).items() if value is not None}


def _component_amounts(amounts: ResourceItem | None, side: str) -> dict[str, str]:
    if amounts is None:
        return {}
    return {name: _quantity(value, side, key) for key, name, value in _named(amounts) if value}


def _named(amounts: ResourceItem) -> Iterator[tuple[str, str, str]]:
    """Yield the field that a user wrote, the resource it stands for, and the amount."""
    yield "cpu", "cpu", amounts.cpu
    yield "memory", "memory", amounts.memory
    yield "gpu", amounts.gpu_type or GPU, amounts.gpu  # requests count as limits do (W-16)
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
