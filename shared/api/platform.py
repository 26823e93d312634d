"""What rendering depends on besides the object itself: the settings of one installation and what its cluster offers.

One model for the reconciler, `dynamoctl render --set` and `dynamoctl up --set`, so that all three make the same
objects. Field paths are written as in the API: `ingress.className`, `nats.address`. Invariant: equal contexts have
equal digests, whatever order their capabilities were given in.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared.api.objects import describe
from shared.core.errors import InvalidObjectError
from shared.core.json import digest


class DiscoveryBackend(StrEnum):
    """Where the processes of a graph find each other."""

    KUBERNETES = "kubernetes"
    ETCD = "etcd"


class Capability(StrEnum):
    """Something that a cluster may offer, and that changes what is rendered."""

    GROVE = "grove"
    ISTIO = "istio"
    KAI = "kai"
    LWS = "lws"


# A capability is there when all of its API groups are served (workloads 1.4).
API_GROUPS: Mapping[Capability, frozenset[str]] = {
    Capability.GROVE: frozenset({"grove.io"}),
    Capability.ISTIO: frozenset({"networking.istio.io"}),
    Capability.KAI: frozenset({"scheduling.run.ai"}),
    Capability.LWS: frozenset({"leaderworkerset.x-k8s.io", "scheduling.volcano.sh"}),
}


def capabilities_of(served: Iterable[str]) -> tuple[Capability, ...]:
    """Return the capabilities of a cluster that serves these API groups."""
    groups = frozenset(served)
    return tuple(capability for capability, needed in API_GROUPS.items() if needed <= groups)


def _in_order(capabilities: tuple[Capability, ...]) -> tuple[Capability, ...]:
    return tuple(sorted(set(capabilities)))


class _Part(BaseModel):
    """A group of settings: frozen, written in camel case, without unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Discovery(_Part):
    """How components find each other."""

    backend: DiscoveryBackend = Field(
        DiscoveryBackend.KUBERNETES, description="Discovery back end of graphs that name none in an annotation."
    )


class Nats(_Part):
    """The NATS server that component pods use."""

    address: str = Field("", description="Address given to components as `NATS_SERVER`; empty leaves it out.")


class Etcd(_Part):
    """The etcd server that component pods use."""

    address: str = Field("", description="Address given to components as `ETCD_ENDPOINTS`; empty leaves it out.")


class ModelExpress(_Part):
    """The model distribution service."""

    url: str = Field("", description="Address given to components as `MODEL_EXPRESS_URL`; empty leaves it out.")


class Prometheus(_Part):
    """The metrics server that the planner asks."""

    endpoint: str = Field("", description="Address given to components as `PROMETHEUS_ENDPOINT`; empty leaves it out.")


class IngressDefaults(_Part):
    """The ingress of frontends that bring none of their own."""

    class_name: str = Field("", description="Ingress class; empty makes no Ingress by default.")
    tls_secret_name: str = Field("", description="TLS secret of default ingresses.")
    host_suffix: str = Field("", description="Domain behind the graph's name; `local` when empty.")


class Istio(_Part):
    """The service mesh."""

    gateway: str = Field("", description="Gateway of default VirtualServices; empty makes none by default.")


class MpiSecret(_Part):
    """The SSH keys of multi-node TensorRT-LLM workers."""

    ssh_secret_name: str = Field("mpi-run-ssh-key-secret", description="Secret that such workers mount.")
    ssh_secret_namespace: str = Field("", description="Namespace that the secret is copied from.")


class Planner(_Part):
    """The planner's rights."""

    cluster_role_name: str = Field("dynamo-planner", description="ClusterRole bound to the planner's account.")


class Grove(_Part):
    """Settings of Grove workloads."""

    termination_delay: timedelta = Field(
        timedelta(minutes=15), description="How long a gang may lack members before it is ended; 0 sets none."
    )


class Debugger(_Part):
    """The sidecar that an annotation adds to pods."""

    image: str = Field("python:3.12-slim", description="Image of the debugger; name a copy where hubs are not reached.")


class PlatformContext(_Part):
    """Everything that rendering depends on besides the rendered object."""

    discovery: Discovery = Field(default_factory=Discovery)
    nats: Nats = Field(default_factory=Nats)
    etcd: Etcd = Field(default_factory=Etcd)
    model_express: ModelExpress = Field(default_factory=ModelExpress)
    prometheus: Prometheus = Field(default_factory=Prometheus)
    ingress: IngressDefaults = Field(default_factory=IngressDefaults)
    istio: Istio = Field(default_factory=Istio)
    mpi: MpiSecret = Field(default_factory=MpiSecret)
    planner: Planner = Field(default_factory=Planner)
    grove: Grove = Field(default_factory=Grove)
    debugger: Debugger = Field(default_factory=Debugger)
    capabilities: Annotated[tuple[Capability, ...], AfterValidator(_in_order)] = Field(
        (), description="What the cluster offers: grove, istio, kai, lws."
    )

    def offers(self, capability: Capability) -> bool:
        """Return whether the cluster offers a capability."""
        return capability in self.capabilities

    @property
    def digest(self) -> str:
        """Return what changes whenever rendering may give something else."""
        return digest(self.model_dump(mode="json", by_alias=True))

    def with_settings(self, settings: Mapping[str, str]) -> Self:
        """Return a context with values at field paths such as `ingress.className` replaced.

        Raises InvalidObjectError that names the nearest known path, or the value that does not fit.
        """
        document: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        for path, value in settings.items():
            _set(document, path, value)
        try:
            return type(self).model_validate(document)
        except ValidationError as error:
            raise InvalidObjectError(f"platform.{describe(error)}") from error

    def with_capabilities(self, capabilities: Iterable[Capability]) -> Self:
        """Return a context for a cluster that offers these capabilities."""
        return self.model_copy(update={"capabilities": _in_order(tuple(capabilities))})


def setting_paths() -> tuple[str, ...]:
    """Return every path that `with_settings` knows, sorted."""
    document = PlatformContext().model_dump(mode="json", by_alias=True)
    nested = (f"{name}.{key}" for name, part in document.items() if isinstance(part, dict) for key in part)
    return tuple(sorted([*nested, "capabilities"]))


def _set(document: dict[str, Any], path: str, value: str) -> None:
    known = setting_paths()
    if path not in known:
        nearest = difflib.get_close_matches(path, known, n=1, cutoff=0.0)[0]
        raise InvalidObjectError(f"unknown setting platform.{path}: the nearest known one is platform.{nearest}")
    if path == "capabilities":
        document[path] = [part for part in value.split(",") if part]
        return
    part, _, key = path.partition(".")
    document[part][key] = value
