"""Reading what a quota refused: which one, how much was asked, what is used and what is allowed, then and now.

A ReplicaSet that was refused is tried again with pauses that grow to a quarter of an hour, so its last refusal may be
older than the room that somebody has made since.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from cli.explanations.findings import Certainty, Finding, Thing, Tier, quoted
from services.reconciler.desired.quantities import QuantityError, amount
from shared.core.json import Manifest, text
from shared.core.objects import name_of

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


def as_of_now(finding: Finding, quotas: Iterable[Manifest], replica_set: Thing) -> Finding:
    """Return the finding of a refused ReplicaSet with what the quota says now."""
    quota = next((each for each in quotas if name_of(each) == finding.thing.name), None)
    exceeded = _EXCEEDED.search(finding.evidence)
    if quota is None or exceeded is None:
        return finding
    asked = dict(pair.partition("=")[::2] for pair in exceeded["requested"].split(","))
    now = {name: (text(quota, "status", "used", name), text(quota, "status", "hard", name)) for name in asked}
    told = ", ".join(f"{name} {used} of {hard}" for name, (used, hard) in now.items() if hard)
    if not all(_amount(used) + _amount(asked[name]) <= _amount(hard) for name, (used, hard) in now.items() if hard):
        return replace(finding, evidence=f"{finding.evidence}; used now: {told}")
    retry = f"kubectl annotate replicaset {replica_set.name} -n {replica_set.namespace} tried-again=now --overwrite"
    return replace(
        finding,
        evidence=f"{finding.evidence}; it has room by now, used: {told or 'not limited any more'}",
        remedy="this passes with the next try; a change of the ReplicaSet has it tried at once",
        command=retry,
        certainty=Certainty.LIKELY,
    )


def _amount(text_of: str) -> Decimal:
    try:
        return amount(text_of)
    except QuantityError:
        return Decimal(0)
