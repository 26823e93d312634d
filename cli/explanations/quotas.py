"""Reading what a quota refused: which one, how much was asked, what is used and what is allowed."""

from __future__ import annotations

import re
from datetime import datetime

from cli.explanations.findings import Finding, Thing, Tier, quoted

_EXCEEDED = re.compile(
    r"exceeded quota: (?P<name>[^,\s]+), requested: (?P<requested>.+?), used: (?P<used>.+?), "
    r"limited: (?P<limited>[^\s\"]+(?:,[^\s\"]+)*)"
)
_UNSPECIFIED = re.compile(r"failed quota: (?P<name>[^:\s]+): must specify (?P<what>[^\"]+)")


def is_quota_refusal(message: str) -> bool:
    """Return whether a refusal is that of a ResourceQuota."""
    return _EXCEEDED.search(message) is not None or _UNSPECIFIED.search(message) is not None


def quota_finding(message: str, namespace: str, since: datetime | None, *, asker: str) -> Finding:
    """Return the finding of a refusal that `is_quota_refusal` knows."""
    exceeded, unspecified = _EXCEEDED.search(message), _UNSPECIFIED.search(message)
    found = exceeded or unspecified
    assert found is not None, "only called for the refusals of a quota"
    name = found["name"]
    if exceeded is not None:
        code, remedy = "QuotaExceeded", "raise the quota, ask for less, or remove what uses it in this namespace"
    else:
        code, remedy = "QuotaNeedsAmounts", f"state {found['what'].strip()} for every container"
    return Finding(
        tier=Tier.QUOTA,
        code=code,
        thing=Thing("ResourceQuota", name, namespace),
        evidence=f"{asker}: {quoted(found.group())}",
        remedy=remedy,
        command=f"kubectl describe resourcequota {name} -n {namespace}",
        since=since,
    )
