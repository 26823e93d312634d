"""Requests and answers of etcd as the port's values: the typed side of the generated, untyped messages. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, assert_never

from etcd3 import etcdrpc

from shared.ports.store import CreatedAt, Drop, Guard, KeyDropped, KeyPut, KeyValue, ModifiedAt, Put, Write

# A message of the generated code, which has no types.
Message = Any

_DELETED = 1  # mvccpb.Event.EventType


def prefix_end(prefix: str) -> bytes:
    """Return the end of the range of all keys that begin with a prefix: the prefix with its last byte raised."""
    raw = prefix.encode().rstrip(b"\xff")
    return raw[:-1] + bytes([raw[-1] + 1]) if raw else b"\0"


def get_request(key: str) -> Message:
    """Return the linearizable read of one key."""
    return etcdrpc.RangeRequest(key=key.encode())


def list_request(prefix: str, *, begin: bytes, limit: int, revision: int) -> Message:
    """Return the read of one page of a prefix, at a revision or (0) at the newest."""
    return etcdrpc.RangeRequest(
        key=begin or prefix.encode() or b"\0", range_end=prefix_end(prefix), limit=limit, revision=revision
    )


def transaction(writes: Sequence[Write], guards: Sequence[Guard], *, incarnation_key: str, value: bytes) -> Message:
    """Return a transaction whose guards include that the store is still the one we know; refused, it reads which."""
    equal, target = etcdrpc.Compare.EQUAL, etcdrpc.Compare.VALUE
    same_store = etcdrpc.Compare(result=equal, target=target, key=incarnation_key.encode(), value=value)
    return etcdrpc.TxnRequest(
        compare=[same_store, *(_comparison(guard) for guard in guards)],
        success=[_operation(write) for write in writes],
        failure=[etcdrpc.RequestOp(request_range=get_request(incarnation_key))],
    )


def first_write(key: str, value: bytes) -> Message:
    """Return the transaction that writes a key unless it is there."""
    return etcdrpc.TxnRequest(
        compare=[_comparison(CreatedAt(key, 0))], success=[_operation(Put(key, value))], failure=[]
    )


def status_request() -> Message:
    """Return the question how one member is."""
    return etcdrpc.StatusRequest()


def alarms_request() -> Message:
    """Return the question which alarms are raised."""
    return etcdrpc.AlarmRequest(action=etcdrpc.AlarmRequest.GET)


def alarm_names(answer: Message) -> tuple[str, ...]:
    """Return the names of the raised alarms, each once."""
    return tuple(sorted({etcdrpc.AlarmType.Name(each.alarm) for each in answer.alarms}))


def watch_request(prefix: str, *, start_revision: int) -> Message:
    """Return the request that opens a watch on a prefix."""
    create = etcdrpc.WatchCreateRequest(
        key=prefix.encode() or b"\0", range_end=prefix_end(prefix), start_revision=start_revision
    )
    return etcdrpc.WatchRequest(create_request=create)


def progress_request() -> Message:
    """Return the request that a living watch answers."""
    return etcdrpc.WatchRequest(progress_request=etcdrpc.WatchProgressRequest())


def grant_request(ttl: timedelta) -> Message:
    """Return the request for a lease; etcd counts whole seconds."""
    return etcdrpc.LeaseGrantRequest(TTL=math.ceil(ttl.total_seconds()))


def keep_alive_request(lease: int) -> Message:
    """Return the request to renew a lease."""
    return etcdrpc.LeaseKeepAliveRequest(ID=lease)


def revoke_request(lease: int) -> Message:
    """Return the request to end a lease."""
    return etcdrpc.LeaseRevokeRequest(ID=lease)


def login_request(user: str, password: str) -> Message:
    """Return the request for a token."""
    return etcdrpc.AuthenticateRequest(name=user, password=password)


def pairs_of(answer: Message) -> tuple[KeyValue, ...]:
    """Return the keys of a read."""
    return tuple(_pair(raw) for raw in answer.kvs)


def revision_of(answer: Message) -> int:
    """Return the store's revision when it answered."""
    return int(answer.header.revision)


@dataclass(frozen=True, slots=True)
class WatchNews:
    """One answer of a watch."""

    changes: tuple[KeyPut | KeyDropped, ...]
    revision: int
    is_opened: bool
    is_ended: bool  # canceled, or its place was compacted: only a list helps
    reason: str


def watch_news(answer: Message) -> WatchNews:
    """Return what a watch says."""
    return WatchNews(
        changes=tuple(_changes(answer.events)),
        revision=revision_of(answer),
        is_opened=bool(answer.created),
        is_ended=bool(answer.canceled) or answer.compact_revision > 0,
        reason=str(answer.cancel_reason) or f"compacted at {answer.compact_revision}",
    )


def revision_of_change(change: KeyPut | KeyDropped) -> int:
    """Return the revision of the event itself, behind which a watch is resumed."""
    return change.pair.mod_revision if isinstance(change, KeyPut) else change.revision


def _changes(events: Iterable[Message]) -> Iterable[KeyPut | KeyDropped]:
    for event in events:
        if event.type == _DELETED:
            yield KeyDropped(event.kv.key.decode(), int(event.kv.mod_revision))
        else:
            yield KeyPut(_pair(event.kv))


def _pair(raw: Message) -> KeyValue:
    return KeyValue(raw.key.decode(), bytes(raw.value), int(raw.create_revision), int(raw.mod_revision), int(raw.lease))


def _comparison(guard: Guard) -> Message:
    equal, key = etcdrpc.Compare.EQUAL, guard.key.encode()
    match guard:
        case CreatedAt():
            target = etcdrpc.Compare.CREATE
            return etcdrpc.Compare(result=equal, target=target, key=key, create_revision=guard.revision)
        case ModifiedAt():
            target = etcdrpc.Compare.MOD
            return etcdrpc.Compare(result=equal, target=target, key=key, mod_revision=guard.revision)
        case _:
            assert_never(guard)


def _operation(write: Write) -> Message:
    match write:
        case Put(key=key, value=value, lease=lease):
            return etcdrpc.RequestOp(request_put=etcdrpc.PutRequest(key=key.encode(), value=value, lease=lease))
        case Drop(key=key):
            return etcdrpc.RequestOp(request_delete_range=etcdrpc.DeleteRangeRequest(key=key.encode()))
        case _:
            assert_never(write)
