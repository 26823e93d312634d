"""`dynamoctl render`: the same graph in different clusters, and what it says of a graph that a cluster cannot run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from cli.commands.render import HELP, OFFERED, render
from cli.failures import CommandError
from shared.api.platform import Capability

ROOT = Path(__file__).resolve().parents[4]
WIDE = ROOT / "examples" / "multinode" / "sglang.yaml"  # a frontend, and two services of two nodes


def kinds(printed: str) -> Counter[str]:
    return Counter(each["kind"] for each in yaml.safe_load_all(printed))


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        pytest.param(
            Capability.LWS,
            {"DynamoComponentDeployment": 3, "Deployment": 1, "LeaderWorkerSet": 2, "PodGroup": 2, "Service": 3},
            id="LeaderWorkerSets for services over several nodes",
        ),
        pytest.param(Capability.GROVE, {"PodCliqueSet": 1, "Service": 3}, id="one PodCliqueSet"),
    ],
)
def test_the_orchestrator_decides_the_kinds(
    capsys: pytest.CaptureFixture[str], capability: Capability, expected: dict[str, int]
) -> None:
    code = render(WIDE, "demo", [capability])

    assert (code, kinds(capsys.readouterr().out)) == (0, expected)


def test_without_an_orchestrator_it_fails_and_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    code = render(WIDE, "demo")

    printed = capsys.readouterr()
    assert (code, printed.out) == (1, "")
    assert "no multinode orchestrator available" in printed.err
    assert "LeaderWorkerSet with Volcano, or Grove" in printed.err


def test_settings_decide_too(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["platform.ingress.className=nginx", "platform.istio.gateway=mesh/gateway"]

    render(WIDE, "demo", [Capability.GROVE, Capability.ISTIO], settings)

    assert kinds(capsys.readouterr().out) == {"PodCliqueSet": 1, "Service": 3, "Ingress": 1, "VirtualService": 1}


def test_a_component_that_stands_alone_is_rendered_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    component = {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoComponentDeployment",
        "metadata": {"name": "alone"},
        "spec": {"componentType": "worker", "serviceName": "alone", "dynamoNamespace": "demo", "replicas": 2},
    }
    file = tmp_path / "component.yaml"
    file.write_text(yaml.safe_dump(component))

    code = render(file, "demo")

    assert (code, kinds(capsys.readouterr().out)) == (0, {"Deployment": 1, "Service": 1})


def test_a_file_without_either_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text("{apiVersion: v1, kind: Pod, metadata: {name: p}}")

    with pytest.raises(CommandError, match="holds no DynamoGraphDeployment or DynamoComponentDeployment"):
        render(file, "demo")


def test_the_help_names_every_capability() -> None:
    assert [str(each) for each in Capability if f"{each} (" not in OFFERED] == []
    assert "LeaderWorkerSets" in HELP
    assert "PodCliqueSet" in HELP
