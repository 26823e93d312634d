"""How many pods a Job makes, when it is over, and what its status says."""

from datetime import timedelta
from typing import Any

import pytest

from lab.simulator.controllers.jobs import is_removable, job_pod, job_status, missing, progress, seconds_until, surplus
from tests.unit.lab.simulator.objects import EARLIER, NOW, STAMP, Document


def a_job(conditions: Any = (), start: str | None = None, **spec: Any) -> Document:
    template = {"metadata": {"labels": {"job-name": "once"}}, "spec": {"containers": []}}
    return {
        "metadata": {"name": "once", "namespace": "team", "uid": "uid-job"},
        "spec": {"parallelism": 1, "completions": 1, "backoffLimit": 1, "template": template, **spec},
        "status": {"conditions": list(conditions)} | ({"startTime": start} if start else {}),
    }


def pods(*phases: str) -> list[Document]:
    return [{"metadata": {"name": f"once-{number}"}, "status": {"phase": phase}} for number, phase in enumerate(phases)]


@pytest.mark.parametrize(
    ("job", "present", "number"),
    [
        pytest.param(a_job(), [], 1, id="one that is not there yet"),
        pytest.param(a_job(), ["Running"], 0, id="none while it runs"),
        pytest.param(a_job(), ["Succeeded"], 0, id="none when it is done"),
        pytest.param(a_job(), ["Failed"], 1, id="another one after a failure"),
        pytest.param(a_job(), ["Failed", "Failed"], 0, id="none beyond the limit"),
        pytest.param(a_job(parallelism=3, completions=4), ["Succeeded", "Succeeded"], 2, id="no more than are needed"),
        pytest.param(a_job(suspend=True), [], 0, id="none while it is suspended"),
    ],
)
def test_a_job_makes_the_pods_that_it_needs(job: Document, present: list[str], number: int) -> None:
    assert missing(job, progress(job, pods(*present), NOW)) == number


def test_a_job_that_is_done_says_so_and_when() -> None:
    job = a_job(start=EARLIER)

    status = job_status(job, progress(job, pods("Failed", "Succeeded"), NOW), NOW)

    assert [found["type"] for found in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert (status["succeeded"], status["failed"], status["active"]) == (1, 1, None)
    assert (status["startTime"], status["completionTime"]) == (EARLIER, STAMP)


def test_a_job_that_takes_too_long_fails_and_ends_its_pods() -> None:
    job = a_job(start=EARLIER, activeDeadlineSeconds=60)
    state = progress(job, pods("Running"), NOW)

    assert state.failure == ("DeadlineExceeded", "Job was active longer than specified deadline")
    assert [pod["metadata"]["name"] for pod in surplus(job, state)] == ["once-0"]


def test_a_job_is_removed_when_its_time_after_the_end_is_over() -> None:
    complete = {"type": "Complete", "status": "True", "lastTransitionTime": STAMP}
    job = a_job(conditions=[complete], ttlSecondsAfterFinished=30)

    assert seconds_until(job, NOW) == 30
    assert not is_removable(job, NOW)
    assert is_removable(job, NOW + timedelta(seconds=31))


def test_a_pod_of_a_job_is_named_after_it() -> None:
    pod = job_pod(a_job(), suffix="abcde")

    assert pod["metadata"]["name"] == "once-abcde"
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "Job"
