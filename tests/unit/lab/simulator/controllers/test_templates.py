"""Which ReplicaSet belongs to a pod template, and what a new one looks like."""

from lab.simulator.controllers.rollouts import rollout
from lab.simulator.controllers.templates import find_new, next_revision, replica_set, template_hash
from tests.unit.lab.simulator.objects import Document, a_deployment


def made(deployment: Document) -> Document:
    return replica_set(deployment, rollout(deployment), replicas=3, revision_number=1)


def test_the_replica_set_of_a_template_is_found_again() -> None:
    deployment = a_deployment()

    found = find_new(deployment, [made(a_deployment(image="app:0")), made(deployment)])

    assert found is not None
    assert found["spec"]["template"]["spec"] == deployment["spec"]["template"]["spec"]


def test_another_template_finds_none() -> None:
    assert find_new(a_deployment(image="app:2"), [made(a_deployment())]) is None


def test_name_labels_and_selector_carry_the_hash() -> None:
    deployment = a_deployment()
    digest = template_hash(deployment["spec"]["template"])

    document = replica_set(deployment, rollout(deployment), replicas=3, revision_number=1)

    assert document["metadata"]["name"] == f"web-{digest}"
    assert document["metadata"]["labels"] == {"app": "web", "pod-template-hash": digest}
    assert document["spec"]["selector"]["matchLabels"]["pod-template-hash"] == digest
    assert document["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == digest


def test_a_collision_gives_another_name() -> None:
    template = a_deployment()["spec"]["template"]

    assert template_hash(template, 0) != template_hash(template, 1)


def test_annotations_are_copied_but_for_those_that_are_the_deployments_own() -> None:
    deployment = a_deployment()
    deployment["metadata"]["annotations"] = {
        "team": "a",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "deployment.kubernetes.io/revision": "7",
    }

    document = replica_set(deployment, rollout(deployment), replicas=3, revision_number=8)

    assert document["metadata"]["annotations"] == {
        "team": "a",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
        "deployment.kubernetes.io/revision": "8",
    }


def test_the_deployment_controls_its_replica_set() -> None:
    document = replica_set(a_deployment(), rollout(a_deployment()), replicas=3, revision_number=1)

    assert document["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "web",
            "uid": "uid-web",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_revisions_count_on_from_the_highest() -> None:
    deployment = a_deployment()
    old = [
        replica_set(deployment, rollout(deployment), replicas=0, revision_number=2),
        replica_set(deployment, rollout(deployment), replicas=0, revision_number=5),
    ]

    assert next_revision(old) == 6
    assert next_revision([]) == 1
