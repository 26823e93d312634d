"""How a stream is configured, and what has to change on one that exists already. Pure.

Separate because `dynamoctl provision` and the watcher must never disagree. Invariants: nothing that the server or an
administrator added is taken away, and the number of replicas is raised, never lowered, on a stream that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from shared.contracts.streams import INSTALL_KEY, StreamSpec
from shared.core.errors import ForeignInstallationError
from shared.core.json import integer, mapping, text

_REPLICATED = 3


def wanted_replicas(configured: int, servers: int) -> int:
    """Return how many copies a stream has: as configured, else three where three servers can hold them."""
    return configured or (_REPLICATED if servers >= _REPLICATED else 1)


def stream_configuration(spec: StreamSpec, *, install: str, replicas: int) -> dict[str, object]:
    """Return the configuration of a stream as STREAM.CREATE takes it."""
    return {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "num_replicas": replicas,
        "max_msgs_per_subject": spec.per_subject,
        "max_age": _nanoseconds(spec.max_age or timedelta()),
        "max_bytes": spec.max_bytes,
        "duplicate_window": _nanoseconds(spec.duplicate_window),
        "metadata": {INSTALL_KEY: install},
    }


def repair(present: Mapping[str, object], wanted: Mapping[str, object], *, install: str) -> dict[str, object] | None:
    """Return the configuration that a present stream needs, or None when it has it.

    Raises ForeignInstallationError when the stream belongs to another installation.
    """
    owner = text(present, "metadata", INSTALL_KEY)
    if owner not in ("", install):
        raise ForeignInstallationError(
            f"stream {text(present, 'name')} belongs to installation {owner!r}, this one is {install!r}: "
            f"name another event log or another installation"
        )
    repaired = dict(present) | dict(wanted)
    repaired["metadata"] = dict(mapping(present, "metadata")) | dict(mapping(wanted, "metadata"))
    repaired["num_replicas"] = max(integer(present, "num_replicas"), integer(wanted, "num_replicas"))
    return None if repaired == dict(present) else repaired


def _nanoseconds(duration: timedelta) -> int:
    return int(duration / timedelta(microseconds=1)) * 1000
