"""Writes to Kubernetes as an API server's audit log tells them: pure, from its lines to records.

Works on the log of the lab and on that of a genuine server at level RequestResponse: the replica is in the user agent,
partition and token in the audit id (docs/events-and-state.md), what was sent and answered beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from shared.core.json import digest, text
from shared.core.resources import Ref, resource_by_plural
from tests.chaos.ownership.records import ClusterWrite

AGENT = re.compile(r"dynamo-(?P<service>reconciler|rbac)/\S+ \((?P<member>[^)]+)\)")
UNTOKENED = frozenset({"events", "selfsubjectaccessreviews"})  # written by no pass, and questions that change nothing


def writes_of(lines: Iterable[bytes], *, offset: float) -> Iterator[ClusterWrite]:
    """Yield the writes of passes that were carried out; `offset` leads from wall time to the observer's clock."""
    for line in lines:
        event = orjson.loads(line)
        agent = AGENT.match(event.get("userAgent", ""))
        target = event["objectRef"]
        if agent is not None and event["responseStatus"]["code"] < 300 and target["resource"] not in UNTOKENED:
            yield _write(event, agent["service"], agent["member"], offset)


def _write(event: Mapping[str, Any], service: str, member: str, offset: float) -> ClusterWrite:
    target, query = event["objectRef"], parse_qs(urlsplit(event["requestURI"]).query)
    unit, _, rest = event["auditID"].partition("/")
    token = rest.partition("/")[0]
    resource = resource_by_plural(target["resource"])
    assert resource is not None, f"a pass wrote {target['resource']}"
    is_apply = event["verb"] == "patch" and "force" in query
    return ClusterWrite(
        at=_seconds(event["stageTimestamp"]) + offset,
        sent=_seconds(event["requestReceivedTimestamp"]) + offset,
        service=service,
        member=member,
        unit=unit if rest else "",
        token=int(token) if token else 0,
        manager=next(iter(query.get("fieldManager", [])), ""),
        verb="apply" if is_apply else event["verb"],
        ref=Ref(resource, target.get("namespace", ""), target.get("name", "")),
        subresource=target.get("subresource", ""),
        uid=text(event.get("responseObject"), "metadata", "uid"),
        content=digest(event["requestObject"]) if event.get("requestObject") else "",
    )


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
