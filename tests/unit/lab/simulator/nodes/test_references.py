"""Whether the Secrets and ConfigMaps that a pod needs are there."""

from typing import Any

import pytest

from lab.simulator.nodes.references import Missing, missing
from tests.unit.lab.simulator.objects import a_pod

SECRETS = {"present": ["token"]}
MAPS = {"settings": ["file"]}


def lacking(*, env: Any = (), env_from: Any = (), volumes: Any = ()) -> Missing | None:
    containers = [{"name": "main", "env": list(env), "envFrom": list(env_from)}]
    pod = a_pod(containers=containers, volumes=list(volumes))
    return missing(pod, secrets=lambda _, name: SECRETS.get(name), config_maps=lambda _, name: MAPS.get(name))


def key_of_secret(name: str, key: str, **fields: Any) -> dict[str, Any]:
    return {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": name, "key": key, **fields}}}


def test_a_pod_without_references_lacks_nothing() -> None:
    assert lacking(env=[{"name": "A", "value": "b"}]) is None


def test_what_is_there_is_not_missing() -> None:
    assert lacking(env=[key_of_secret("present", "token")], env_from=[{"secretRef": {"name": "present"}}]) is None


@pytest.mark.parametrize(
    ("given", "reason", "message"),
    [
        pytest.param(
            {"env_from": [{"secretRef": {"name": "hf"}}]},
            "CreateContainerConfigError",
            'secret "hf" not found',
            id="a secret for the environment",
        ),
        pytest.param(
            {"env_from": [{"configMapRef": {"name": "hf"}}]},
            "CreateContainerConfigError",
            'configmap "hf" not found',
            id="a config map for the environment",
        ),
        pytest.param(
            {"env": [key_of_secret("present", "other")]},
            "CreateContainerConfigError",
            "couldn't find key other in Secret team/present",
            id="a key of a secret",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "secret": {"secretName": "hf"}}]},
            "FailedMount",
            'MountVolume.SetUp failed for volume "v" : secret "hf" not found',
            id="a secret for a volume",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "configMap": {"name": "settings", "items": [{"key": "x", "path": "x"}]}}]},
            "FailedMount",
            'MountVolume.SetUp failed for volume "v" : references non-existent configmap key: x',
            id="a key for a volume",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "hf"}}]}}]},
            "FailedMount",
            'MountVolume.SetUp failed for volume "v" : configmap "hf" not found',
            id="a projected config map",
        ),
    ],
)
def test_says_what_is_missing_in_the_kubelets_words(given: dict[str, Any], reason: str, message: str) -> None:
    assert lacking(**given) == Missing(reason, message)


def test_what_is_optional_is_never_missing() -> None:
    optional = {"name": "hf", "optional": True}

    lacks = lacking(
        env=[key_of_secret("hf", "token", optional=True)],
        env_from=[{"secretRef": optional}],
        volumes=[{"name": "v", "secret": {"secretName": "hf", "optional": True}}],
    )

    assert lacks is None
