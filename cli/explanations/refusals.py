"""What was refused: writes by admission, specs by the rules, children by the API server.

A refusal is told with the words of who refused, without the values that those words may repeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cli.explanations.evidence import ClusterEvidence, Evidence, LogEvidence
from cli.explanations.findings import Certainty, Finding, Thing, Tier, quoted
from cli.explanations.moments import changed, condition
from cli.explanations.progress import REFUSED, Outstanding
from cli.explanations.quotas import is_quota_refusal, quota_finding
from shared.core.json import Manifest, integer, text
from shared.core.objects import generation_of, name_of, namespace_of
from shared.core.refusals import without_values
from shared.core.resources import GRAPHS

TOLD_ELSEWHERE = frozenset(
    {
        "ClusterNotRead",  # discovery is asked for
        "ServiceAccountMissing",  # accounts are looked at
        "ProgressDeadlineExceeded",  # pods say why
        "DeploymentPaused",  # seen on the Deployment itself
        "Settled",
        "NotStalled",
    }
)
TO_GO_ON = ". To go on: "  # what a status says before its own remedy


def webhook_finding(evidence: Evidence, waits: Outstanding | None) -> Iterator[Finding]:
    """Yield the finding that admission does not let writes of graphs through, by a trial write."""
    seen = evidence.cluster
    if not isinstance(seen, ClusterEvidence) or not seen.admission:
        return
    configuration = next((name_of(each) for each in seen.webhooks), "")
    is_deletion = waits is not None and seen.graph is not None and bool(text(seen.graph, *_DELETED))
    yield Finding(
        tier=Tier.ADMISSION,
        code="WebhookUnreachable",
        thing=Thing("ValidatingWebhookConfiguration", configuration),
        evidence=f"a trial write of the graph was refused: {quoted(without_values(seen.admission))}",
        remedy="start the webhook service; until then no graph can be created or changed, and those that serve go on",
        command=f"dynamoctl logs webhook --name {evidence.stack}" if evidence.stack else _DESCRIBE + configuration,
        is_blocking=seen.graph is None or is_deletion or _waits_for_finalizer(seen.graph),
    )


def refusal_findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield what the statuses of components and graph say that was refused; a graph repeats its components."""
    seen = evidence.cluster
    if not isinstance(seen, ClusterEvidence) or seen.graph is None:
        return
    found = [finding for component in seen.components for finding in _of_object(component, evidence)]
    yield from found
    told = {each.code for each in found}
    yield from (each for each in _of_object(seen.graph, evidence) if each.code not in told)


def _of_object(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    if integer(manifest, "status", "observedGeneration") < generation_of(manifest):
        return  # what it says is about a spec that is gone
    stalled, moving = condition(manifest, "Stalled"), condition(manifest, "Reconciling")
    if text(stalled, "status") == "True" and text(stalled, "reason") not in TOLD_ELSEWHERE:
        yield _refusal(manifest, stalled, evidence)
    if text(moving, "status") == "True" and text(moving, "reason") in REFUSED:
        yield _refusal(manifest, moving, evidence)


def _refusal(manifest: Manifest, said: Mapping[str, object], evidence: Evidence) -> Finding:
    (words, _, way_out), kind = without_values(text(said, "message")).partition(TO_GO_ON), text(manifest, "kind")
    if is_quota_refusal(words):
        return quota_finding(words, namespace_of(manifest), changed(said), asker=f"{kind} {name_of(manifest)}")
    return Finding(
        tier=Tier.ADMISSION,
        code=text(said, "reason"),
        thing=Thing(kind, name_of(manifest), namespace_of(manifest)),
        evidence=f"its status says {quoted(words)}{_letter_clause(manifest, evidence)}",
        remedy=way_out.partition(". ")[0].rstrip(".") or "correct the spec of the graph as the message says",
        command=f"kubectl edit {GRAPHS.plural} {evidence.name} -n {evidence.namespace}",
        since=changed(said),
    )


def letter_findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each dead letter that speaks of the generation that the graph has now."""
    log, seen = evidence.log, evidence.cluster
    if not isinstance(log, LogEvidence) or not isinstance(seen, ClusterEvidence) or seen.graph is None:
        return
    generation = str(generation_of(seen.graph))
    for letter in log.letters:
        if letter.correlation and letter.correlation.rpartition(".")[2] != generation:
            continue  # of an edit that another one has replaced
        words = without_values(letter.reason)
        if is_quota_refusal(words):
            yield quota_finding(words, evidence.namespace, letter.at, asker=f"dead letter {letter.number}")
            continue
        yield Finding(
            tier=Tier.ADMISSION,
            code="DeadLetter",
            thing=Thing(letter.kind, letter.name, evidence.namespace),
            evidence=f"the {letter.service} gave it up (dead letter {letter.number}): {quoted(words)}",
            remedy="correct what the reason names, and have it tried again",
            command=f"dynamoctl dlq replay {letter.number}",
            since=letter.at,
            certainty=Certainty.LIKELY,
        )


def _letter_clause(manifest: Manifest, evidence: Evidence) -> str:
    log = evidence.log
    letters = log.letters if isinstance(log, LogEvidence) else ()
    found = next(
        (each for each in letters if (each.kind, each.name) == (text(manifest, "kind"), name_of(manifest))), None
    )
    return f"; dead letter {found.number} holds the same" if found is not None else ""


def _waits_for_finalizer(graph: Manifest) -> bool:
    return text(condition(graph, "Ready"), "reason") == "failed_to_handle_the_finalizer"


_DELETED = ("metadata", "deletionTimestamp")
_DESCRIBE = "kubectl get validatingwebhookconfiguration -o yaml "
