"""Whether changes of graphs can be admitted: the registration, its authorities, and the webhook behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cli.findings.evidence import Endpoint, Evidence, Unseen
from cli.findings.finding import Finding, Topic, error, ok, warning
from cli.findings.servers import age
from services.webhook.reviews.kinds import REVIEWED_KINDS

SOON = timedelta(days=14)  # certificates are renewed far earlier, so rotation has failed for long
_LOGS = "start the webhook, or see why it is not ready: dynamoctl logs webhook"


def of_webhook(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of the admission webhook."""
    seen = evidence.webhook
    if isinstance(seen, Unseen):
        if not isinstance(evidence.cluster, Unseen):
            yield warning(Topic.WEBHOOK, "registration", seen.reason, "give this user the right to read it")
        return
    if seen.endpoints is None:
        said = "no ValidatingWebhookConfiguration dynamo-validating: bad specs are found only after they are stored"
        yield warning(Topic.WEBHOOK, "registration", said, "dynamoctl provision")
        return
    by_name = {endpoint.webhook: endpoint for endpoint in seen.endpoints}
    for kind in REVIEWED_KINDS:
        endpoint = by_name.get(kind.webhook)
        if endpoint is None:
            said = f"it has no entry {kind.webhook}: {kind.resource.plural} are not reviewed"
            yield error(Topic.WEBHOOK, "registration", said, "dynamoctl provision")
        else:
            yield _endpoint(endpoint, evidence)


def _endpoint(endpoint: Endpoint, evidence: Evidence) -> Finding:
    subject, now = f"webhook {endpoint.webhook}", evidence.now
    if endpoint.bundle_ends is None:
        return error(Topic.WEBHOOK, subject, "its registration holds no CA bundle: every change is refused", _LOGS)
    if endpoint.bundle_ends <= now:
        return error(Topic.WEBHOOK, subject, f"its CA bundle ended {age(now - endpoint.bundle_ends)} ago", _LOGS)
    if endpoint.problem:
        return error(Topic.WEBHOOK, subject, f"{endpoint.address}: {endpoint.problem}", _LOGS)
    ends = min(end for end in (endpoint.bundle_ends, endpoint.ends) if end is not None)
    if ends - now < SOON:
        what = "its certificate" if ends == endpoint.ends else "its CA bundle"
        return warning(Topic.WEBHOOK, subject, f"{what} ends in {age(ends - now)}: rotation does not work", _LOGS)
    if endpoint.ends is None:
        said = f"registered as {endpoint.address}, which only the cluster can reach; CA valid for {age(ends - now)}"
        return ok(Topic.WEBHOOK, subject, said)
    return ok(Topic.WEBHOOK, subject, f"{endpoint.address} is trusted, valid for {age(ends - now)}")
