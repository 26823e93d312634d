"""Facts: what concerns all keys, recorded in etcd by one writer each (design: keys, ownership, passes).

What each namespace offers to its pods is a fact for each namespace, so that a change queues nothing elsewhere. Beside
them stands the bare name: it says that all namespaces have been looked at, and that one without a fact offers nothing.
Of secrets, facts hold names and versions only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import orjson

from shared.api.platform import Capability
from shared.core.errors import InvalidObjectError

ORCHESTRATORS = "orchestrators"
GPU = "gpu"
QUEUES = "queues"  # of the KAI scheduler
REGISTRIES = "registries"  # by namespace: which secrets hold credentials of which registry
ACCOUNTS = "accounts"  # by namespace: the accounts that are marked for component pods
SSH_SOURCE = "sshsource"  # which version of the SSH keys is copied to multi-node workers

ALL_SEEN = orjson.dumps({"v": 1})  # the value beside the facts of namespaces


def of_namespace(fact: str, namespace: str) -> str:
    """Return the name of one namespace's part of a fact."""
    return f"{fact}/{namespace}"


def namespace_of_fact(name: str) -> str:
    """Return the namespace that a fact is about, empty for one that concerns all."""
    return name.partition("/")[2]


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


def encode_registries(by_host: Mapping[str, Collection[str]]) -> bytes:
    """Return one namespace's part of the fact `registries`: names of secrets by registry host, sorted."""
    hosts = {host: sorted(set(names)) for host, names in by_host.items() if names}
    return orjson.dumps({"v": 1, "hosts": hosts}, option=orjson.OPT_SORT_KEYS)


def decode_registries(value: bytes) -> dict[str, tuple[str, ...]]:
    """Return the names of a namespace's secrets by registry host."""
    try:
        hosts = orjson.loads(value)["hosts"]
        return {str(host): tuple(str(name) for name in names) for host, names in hosts.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidObjectError(f"fact {REGISTRIES} is damaged: {value[:200]!r}") from error


def encode_accounts(names: Iterable[str]) -> bytes:
    """Return one namespace's part of the fact `accounts`."""
    return orjson.dumps({"v": 1, "accounts": sorted(names)})


def decode_accounts(value: bytes) -> tuple[str, ...]:
    """Return the accounts of a namespace that are marked for component pods."""
    try:
        return tuple(str(name) for name in orjson.loads(value)["accounts"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidObjectError(f"fact {ACCOUNTS} is damaged: {value[:200]!r}") from error


def encode_ssh_source(version: str) -> bytes:
    """Return the fact `sshsource`: a digest of the source's identity and version, empty while there is no source."""
    return orjson.dumps({"v": 1, "version": version})


def decode_ssh_source(value: bytes) -> str:
    """Return which version of the source there is, empty for none."""
    try:
        return str(orjson.loads(value)["version"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidObjectError(f"fact {SSH_SOURCE} is damaged: {value[:200]!r}") from error
