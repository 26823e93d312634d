"""The fact `gpu`: what GPUs the cluster's nodes hold and how many of them are taken (design: GPU-aware placement)."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.core.errors import InvalidObjectError


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class GpuCount(_Record):
    """GPUs of one resource name on one node."""

    allocatable: int = Field(ge=0)
    requested: int = Field(ge=0)


class NodeCapacity(_Record):
    """One node that holds GPUs."""

    name: str
    gpus: Mapping[str, GpuCount]  # by resource name, such as nvidia.com/gpu
    product: str = ""
    memory_mib: int = 0  # of one GPU
    clique: str = ""  # NVLink domain
    zone: str = ""
    rack: str = ""
    taints: tuple[str, ...] = ()  # key=value:effect
    is_ready: bool = True
    is_schedulable: bool = True


class Capacity(_Record):
    """All nodes with GPUs, sorted by name."""

    v: int = 1
    nodes: tuple[NodeCapacity, ...] = ()

    def encode(self) -> bytes:
        """Return the record as stored; equal capacities have equal bytes."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def decode_capacity(value: bytes) -> Capacity:
    """Return a stored capacity; raise InvalidObjectError for a damaged record."""
    try:
        return Capacity.model_validate_json(value)
    except ValidationError as error:
        raise InvalidObjectError(f"fact gpu is damaged: {error.errors()[0]['msg']}") from error
