"""The ways into a Service from outside the cluster: an Ingress, a VirtualService, both or none.

One does not rule out the other (workloads 7.7). Components and whole graphs ask here, so that both decide alike and
say alike what of a spec has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.ingresses import ingress
from services.reconciler.desired.virtual_services import virtual_service, wants_virtual_service
from shared.api.components import Ingress
from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest


def entrances(
    name: str, namespace: str, *, wanted: Ingress | None, own_labels: Mapping[str, str], platform: PlatformContext
) -> list[Manifest]:
    """Return what leads to the Service of a name, as far as the cluster can serve it."""
    if wanted is None:
        return []
    found = [ingress(name, namespace, wanted=wanted, own_labels=own_labels)]
    if platform.offers(Capability.ISTIO):
        found.append(virtual_service(name, namespace, wanted=wanted, own_labels=own_labels))
    return [each for each in found if each is not None]


def entrance_cautions(name: str, wanted: Ingress | None, platform: PlatformContext) -> tuple[Caution, ...]:
    """Return what a person should know of an ingress that is switched on and leads nowhere."""
    if wanted is None or not wanted.enabled:
        return ()
    if wants_virtual_service(wanted):
        return () if platform.offers(Capability.ISTIO) else (_without_istio(name),)
    return () if wanted.ingress_controller_class_name else (_without_target(name),)


def _without_istio(name: str) -> Caution:
    return Caution(
        "VirtualServiceNotServed",
        f"ingress.useVirtualService of {name} has no effect: the cluster does not serve networking.istio.io; "
        "install Istio, or switch it off",
    )


def _without_target(name: str) -> Caution:
    return Caution(
        "IngressWithoutTarget",
        f"ingress of {name} is enabled and makes nothing: set ingress.ingressControllerClassName, "
        "or ingress.useVirtualService with ingress.virtualServiceGateway",
    )
