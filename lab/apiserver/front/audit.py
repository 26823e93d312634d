"""The audit log: who wrote what, and what became of it, in the form of a genuine API server's.

Separate from the counters, which only count. Writes alone are kept, at level RequestResponse and stage
ResponseComplete; a client names the id of its request as it does with a genuine server. Invariant: without a file,
nothing is read, kept or formatted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from aiohttp import web

from lab.apiserver.documents import dumps, loads
from lab.apiserver.front.dispatch import Exchange

AUDIT_ID = "Audit-ID"
MAX_ID = 64
_READS = frozenset({"get", "list", "watch", "discovery", ""})


class AuditLog:
    """Appends one line for each answered write."""

    def __init__(self, file: IO[bytes]) -> None:
        """Write to an open file."""
        self._file = file

    async def add(self, exchange: Exchange, response: web.StreamResponse, received: datetime) -> None:
        """Keep a write that was answered, also with a refusal."""
        if exchange.target is None or exchange.verb in _READS:
            return
        body = response.body if isinstance(response, web.Response) else None
        request = exchange.request
        event = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "RequestResponse",
            "auditID": request.headers.get(AUDIT_ID, "")[:MAX_ID] or str(uuid.uuid4()),
            "stage": "ResponseComplete",
            "requestURI": request.rel_url.raw_path_qs,
            "verb": "patch" if exchange.verb == "apply" else exchange.verb,
            "user": {"username": exchange.caller.name, "groups": list(exchange.caller.groups)},
            "userAgent": request.headers.get("User-Agent", ""),
            "objectRef": _object_ref(exchange),
            "responseStatus": {"code": response.status},
            "requestObject": _document(await request.read()),
            "responseObject": _document(body if isinstance(body, bytes) else b""),
            "requestReceivedTimestamp": _micro(received),
            "stageTimestamp": _micro(datetime.now(UTC)),
        }
        self._file.write(dumps({key: value for key, value in event.items() if value is not None}) + b"\n")


@contextmanager
def audit_log(path: Path | None) -> Iterator[AuditLog | None]:
    """Open the log, for whom the settings name a file."""
    if path is None:
        yield None
        return
    with path.open("ab", buffering=0) as file:
        yield AuditLog(file)


def _object_ref(exchange: Exchange) -> dict[str, str]:
    target = exchange.target
    assert target is not None
    named = {
        "resource": target.resource.plural,
        "namespace": target.namespace,
        "name": target.name,
        "apiGroup": target.resource.group,
        "apiVersion": target.resource.version,
        "subresource": target.subresource,
    }
    return {key: value for key, value in named.items() if value}


def _document(body: bytes) -> Any:
    """Return a body as JSON; one in another encoding is left out, as it would need its schema."""
    try:
        return loads(body) if body else None
    except ValueError:
        return None


def _micro(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
