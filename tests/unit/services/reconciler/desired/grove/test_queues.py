"""The KAI scheduler: which queue, which cliques, and what if there is no such queue."""

from __future__ import annotations

import pytest

from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.grove.queues import QUEUE, QUEUE_LABEL, queue_of
from tests.unit.services.reconciler.desired.builders import a_service, a_worker
from tests.unit.services.reconciler.desired.grove.builders import (
    GROVE,
    KAI,
    TEAM_A,
    a_wide_service,
    cliques,
    made,
    template,
)

ELSEWHERE = a_service("worker", extraPodSpec={"schedulerName": "other"})


@pytest.mark.rule("workloads 1.3 nvidia.com/kai-scheduler-queue", "workloads 1.1 KAI scheduler name / default queue")
@pytest.mark.parametrize(
    ("annotations", "queue"),
    [({}, "dynamo"), ({QUEUE: "team-a"}, "team-a"), ({QUEUE: "  team-a\t"}, "team-a"), ({QUEUE: "  "}, "dynamo")],
)
def test_the_queue_is_the_one_of_the_annotation_else_the_default(annotations: dict[str, str], queue: str) -> None:
    assert queue_of(annotations, KAI) == queue


@pytest.mark.rule("workloads 8.4 #1")
def test_without_a_kai_scheduler_there_is_no_queue() -> None:
    found = cliques({"w": a_worker()}, platform=GROVE, annotations={QUEUE: "team-a"})["w"]

    assert queue_of({QUEUE: "team-a"}, GROVE) == ""
    assert QUEUE_LABEL not in found["labels"]
    assert "schedulerName" not in found["spec"]["podSpec"]


@pytest.mark.rule("workloads 10.7", "workloads 8.4 #2", "workloads 1.2 kai.scheduler/queue")
def test_every_clique_waits_in_the_queue_of_its_graph() -> None:
    services = {"Frontend": a_service("frontend"), "Prefill": a_wide_service("prefill", nodes=3, engine="trtllm")}
    around = {"platform": KAI, "surroundings": TEAM_A, "name": "trt", "annotations": {QUEUE: " team-a "}}

    found = template(services, **around)

    assert {each["labels"][QUEUE_LABEL] for each in found["cliques"]} == {"team-a"}
    assert {each["spec"]["podSpec"]["schedulerName"] for each in found["cliques"]} == {"kai-scheduler"}
    assert found["podCliqueScalingGroups"][0]["cliqueNames"] == ["prefill-ldr", "prefill-wkr"]
    assert [each["spec"].get("startsAfter") for each in found["cliques"]] == [None, ["prefill-wkr"], None]


@pytest.mark.rule("workloads 8.4 #2")
@pytest.mark.parametrize(
    ("scheduler", "queue"), [("other", None), ("kai-scheduler", "dynamo"), ("", "dynamo")], ids=["other", "kai", "none"]
)
def test_another_scheduler_that_the_user_chose_stays(scheduler: str, queue: str | None) -> None:
    service = a_service("worker", extraPodSpec={"schedulerName": scheduler})

    found = cliques({"w": service}, platform=KAI, surroundings=TEAM_A)["w"]

    assert found["spec"]["podSpec"]["schedulerName"] == (scheduler or "kai-scheduler")
    assert found["labels"].get(QUEUE_LABEL) == queue


@pytest.mark.rule("W-44", "workloads 8.4 #1")
@pytest.mark.parametrize(
    ("surroundings", "texts"),
    [
        pytest.param(TEAM_A, [], id="it exists"),
        pytest.param(NOTHING, [], id="nobody asked the cluster"),
        pytest.param(
            Surroundings(queues=frozenset()),
            [
                "failed to reconcile the Grove PodClique Set: failed to generate the Grove GangSet: "
                "failed to determine kai-scheduler queue: kai-scheduler queue validation failed: "
                "queue 'dynamo' not found in cluster. Ensure the queue exists before using kai-scheduler"
            ],
            id="it does not",
        ),
    ],
)
def test_a_queue_that_does_not_exist_stops_the_graph(surroundings: Surroundings, texts: list[str]) -> None:
    found = made({"w": a_worker()}, platform=KAI, surroundings=surroundings)

    assert [each.text for each in found.problems] == texts
    assert bool(found.manifests) is not bool(texts)


@pytest.mark.rule("W-44")
def test_nobody_asks_for_a_queue_that_no_clique_uses() -> None:
    found = made({"w": ELSEWHERE}, platform=KAI, surroundings=Surroundings(queues=frozenset()))

    assert found.problems == ()
