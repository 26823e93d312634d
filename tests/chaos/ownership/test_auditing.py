"""An audit log tells which replica wrote what under which claim, and a history in etcd who held it."""

from __future__ import annotations

import orjson
import pytest

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.resources import DEPLOYMENTS, Ref
from shared.ports.store import KeyDropped, KeyPut, KeyValue
from tests.chaos.ownership.auditing import writes_of
from tests.chaos.ownership.checker import CHILDREN
from tests.chaos.ownership.keyspaces import records_of
from tests.chaos.ownership.records import Claimed, Freed, Record, StateWritten

KEYS = EtcdKeys("here")


def an_event(
    *, agent: str = "dynamo-reconciler/1.0 (replica-2)", audit_id: str = "24/1729/3f2a91c0.2/15", code: int = 200
) -> bytes:
    """Return a line of an audit log: the apply of a Deployment."""
    return orjson.dumps(
        {
            "auditID": audit_id,
            "requestURI": f"/apis/apps/v1/namespaces/team/deployments/web?fieldManager={CHILDREN}&force=true",
            "verb": "patch",
            "userAgent": agent,
            "objectRef": {"resource": "deployments", "namespace": "team", "name": "web", "apiGroup": "apps"},
            "responseStatus": {"code": code},
            "requestObject": {"spec": {}},
            "responseObject": {"metadata": {"uid": "u1"}},
            "requestReceivedTimestamp": "2025-01-01T00:00:10.250000Z",
            "stageTimestamp": "2025-01-01T00:00:10.500000Z",
        }
    )


def test_a_write_is_read_with_its_replica_and_its_claim() -> None:
    [write] = writes_of([an_event()], offset=-1735689600.0)

    assert (write.service, write.member, write.unit, write.token) == ("reconciler", "replica-2", "24", 1729)
    assert (write.sent, write.at) == (10.25, 10.5)
    assert (write.verb, write.manager, write.uid) == ("apply", CHILDREN, "u1")
    assert write.ref == Ref(DEPLOYMENTS, "team", "web")


def test_a_write_of_a_pass_without_a_claim_is_seen_as_one() -> None:
    [write] = writes_of([an_event(audit_id="4f2b7c1e-0000-4000-8000-000000000000")], offset=0.0)

    assert (write.unit, write.token) == ("", 0)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(an_event(agent="kubectl/v1.33.1 (linux/amd64)"), id="somebody else"),
        pytest.param(an_event(code=409), id="refused"),
    ],
)
def test_what_is_no_write_of_ours_is_left_out(line: bytes) -> None:
    assert list(writes_of([line], offset=0.0)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            KeyPut(KeyValue(KEYS.claim("rbac", "7"), b"replica-1", 40, 40, 5)),
            [Claimed(1.0, 40, "rbac", "7", "replica-1", 40, 5)],
            id="a claim",
        ),
        pytest.param(
            KeyPut(KeyValue(KEYS.claim("rbac", "7"), b"replica-2", 40, 44, 6)),
            [Claimed(1.0, 44, "rbac", "7", "replica-2", 40, 6)],
            id="a claim that was overwritten keeps its token",
        ),
        pytest.param(KeyDropped(KEYS.claim("rbac", "7"), 41), [Freed(1.0, 41, "rbac", "7")], id="the end of a claim"),
        pytest.param(
            KeyPut(KeyValue(f"{KEYS.inventories('rbac')}x", b'{"token": 40}', 3, 42)),
            [StateWritten(1.0, 42, "rbac", f"{KEYS.inventories('rbac')}x", 40)],
            id="an inventory",
        ),
        pytest.param(KeyPut(KeyValue(f"{KEYS.facts}gpu", b"{}", 3, 42)), [], id="a fact"),
    ],
)
def test_etcd_tells_claims_and_fenced_writes(change: KeyPut | KeyDropped, expected: list[Record]) -> None:
    assert records_of(change, KEYS, at=1.0) == expected
