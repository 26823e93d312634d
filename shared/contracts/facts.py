"""Facts: what concerns all keys, recorded in etcd by one writer each (design: keys, ownership, passes)."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from shared.api.platform import Capability
from shared.core.errors import InvalidObjectError

ORCHESTRATORS = "orchestrators"
GPU = "gpu"
QUEUES = "queues"  # of the KAI scheduler


def encode_orchestrators(capabilities: Iterable[Capability]) -> bytes:
    """Return the fact `orchestrators`; equal offers have equal bytes, so nothing is written at rest."""
    return orjson.dumps({"v": 1, "capabilities": sorted(str(each) for each in capabilities)})


def decode_orchestrators(value: bytes) -> tuple[Capability, ...]:
    """Return the capabilities that a fact names; what a newer writer knows beyond ours is left out."""
    try:
        named = orjson.loads(value)["capabilities"]
        known = {str(each): each for each in Capability}
        return tuple(known[name] for name in named if name in known)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidObjectError(f"fact {ORCHESTRATORS} is damaged: {value[:200]!r}") from error


def encode_queues(names: Iterable[str]) -> bytes:
    """Return the fact `queues`; where the cluster has no KAI scheduler it names none."""
    return orjson.dumps({"v": 1, "queues": sorted(names)})


def decode_queues(value: bytes) -> frozenset[str]:
    """Return the names of the queues that exist; before the fact is written, none is known to be missing."""
    try:
        return frozenset(str(name) for name in orjson.loads(value)["queues"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidObjectError(f"fact {QUEUES} is damaged: {value[:200]!r}") from error
