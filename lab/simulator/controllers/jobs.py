"""Decides which pods of a Job are made or deleted, and what its status says.

Pure. The rules are those of Kubernetes' job controller. Invariant: a Job that is complete or has failed makes no more
pods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.simulator.client.resources import JOBS, PODS, Document
from lab.simulator.objects import (
    TRUE,
    condition,
    controller_reference,
    is_active,
    is_pod_ready,
    moment,
    said,
    timestamp,
)

COMPLETE, FAILED = "Complete", "Failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a Job is, from its spec and its pods."""

    active: tuple[Document, ...]
    succeeded: int
    failed: int
    failure: tuple[str, str] | None  # why it is given up
    is_complete: bool

    @property
    def is_finished(self) -> bool:
        """Say whether nothing more is to be done."""
        return self.is_complete or self.failure is not None


def progress(job: Document, pods: Sequence[Document], now: datetime) -> Progress:
    """Return how far a Job is."""
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
    needed = job["spec"].get("completions") or job["spec"].get("parallelism", 1)
    return Progress(
        active=tuple(pod for pod in pods if is_active(pod)),
        succeeded=succeeded,
        failed=failed,
        failure=_failure(job, failed, now),
        is_complete=succeeded >= int(needed),
    )


def missing(job: Document, state: Progress) -> int:
    """Return how many pods to make now."""
    spec = job["spec"]
    if spec.get("suspend") or state.is_finished or is_finished(job):
        return 0
    left = int(spec.get("completions") or spec.get("parallelism", 1)) - state.succeeded
    return max(0, min(int(spec.get("parallelism", 1)), left) - len(state.active))


def surplus(job: Document, state: Progress) -> tuple[Document, ...]:
    """Return the pods to end: those that still run when the Job is over or held."""
    return state.active if state.is_finished or job["spec"].get("suspend") else ()


def is_finished(job: Document) -> bool:
    """Say whether the status says that a Job is over."""
    return any((condition(job, kind) or {}).get("status") == TRUE for kind in (COMPLETE, FAILED))


def job_pod(job: Document, *, suffix: str) -> Document:
    """Return a pod of `job` whose name ends with `suffix`."""
    template = job["spec"]["template"]
    metadata, name = template.get("metadata") or {}, job["metadata"]["name"]
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": f"{name}-{suffix}",
            "generateName": f"{name}-",
            "namespace": job["metadata"]["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
            "ownerReferences": [controller_reference(job, api_version=JOBS.api_version, kind=JOBS.kind)],
        },
        "spec": template["spec"],
    }


def job_status(job: Document, state: Progress, now: datetime) -> Document:
    """Return the whole status; counts that are zero are null, which a merge patch removes."""
    before = job.get("status") or {}
    status: Document = {
        "active": None if state.is_finished else len(state.active) or None,
        "ready": sum(1 for pod in state.active if is_pod_ready(pod)) if not state.is_finished else 0,
        "succeeded": state.succeeded or None,
        "failed": state.failed or None,
        "startTime": before.get("startTime") or timestamp(now),
    }
    if state.is_complete:
        reached = ("CompletionsReached", "Reached expected number of succeeded pods")
        status["conditions"] = [
            said(job, "SuccessCriteriaMet", status=TRUE, why=reached, now=now),
            said(job, COMPLETE, status=TRUE, why=reached, now=now),
        ]
        status["completionTime"] = before.get("completionTime") or timestamp(now)
    elif state.failure is not None:
        status["conditions"] = [
            said(job, "FailureTarget", status=TRUE, why=state.failure, now=now),
            said(job, FAILED, status=TRUE, why=state.failure, now=now),
        ]
    return status


def seconds_until(job: Document, now: datetime) -> float | None:
    """Return when time alone changes a Job: its deadline while it runs, its removal once it is over."""
    spec, status = job["spec"], job.get("status") or {}
    if is_finished(job):
        patience, since = spec.get("ttlSecondsAfterFinished"), _finished_at(job)
    else:
        patience, since = spec.get("activeDeadlineSeconds"), status.get("startTime")
    if patience is None or since is None:
        return None
    return max(0.0, (moment(since) + timedelta(seconds=patience) - now).total_seconds())


def is_removable(job: Document, now: datetime) -> bool:
    """Say whether a Job that is over has been kept for as long as it asked for."""
    return is_finished(job) and seconds_until(job, now) == 0


def _failure(job: Document, failed: int, now: datetime) -> tuple[str, str] | None:
    known = condition(job, FAILED)
    if known is not None and known.get("status") == TRUE:
        return known["reason"], known["message"]
    if failed > int(job["spec"].get("backoffLimit", 6)):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    if not is_finished(job) and seconds_until(job, now) == 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _finished_at(job: Document) -> str | None:
    found = condition(job, COMPLETE) or condition(job, FAILED) or {}
    time = found.get("lastTransitionTime")
    return str(time) if time else None
