"""The word that kubectl prints for what a pod is doing."""

from typing import Any

import pytest

from lab.apiserver.views.pod_states import pod_state

DONE = {"name": "init", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
RUNS = {"name": "main", "ready": True, "state": {"running": {}}}
WAITS = {"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}


def a_pod(*, init: Any = (), main: Any = (RUNS,), conditions: Any = (), **spec: Any) -> dict[str, Any]:
    status = {"phase": "Running", "initContainerStatuses": list(init), "containerStatuses": list(main)}
    status["conditions"] = [{"type": kind, "status": "True"} for kind in conditions]
    return {"metadata": {}, "spec": {"initContainers": [{"name": "init", **spec}]}, "status": status}


@pytest.mark.parametrize(
    ("pod", "word"),
    [
        pytest.param(a_pod(init=[DONE], conditions=["Initialized", "Ready"]), "Running", id="after its init container"),
        pytest.param(
            a_pod(init=[{"name": "init", "state": {"running": {}}}], main=[WAITS]), "Init:0/1", id="during it"
        ),
        pytest.param(
            a_pod(init=[{"name": "init", "state": {"waiting": {"reason": "ImagePullBackOff"}}}], main=[WAITS]),
            "Init:ImagePullBackOff",
            id="held by it",
        ),
        pytest.param(
            a_pod(init=[{"name": "init", "state": {"terminated": {"exitCode": 3}}}], main=[WAITS]),
            "Init:ExitCode:3",
            id="failed by it",
        ),
        pytest.param(
            a_pod(init=[{"name": "init", "started": True, "state": {"running": {}}}], restartPolicy="Always"),
            "Running",
            id="beside a side car",
        ),
        pytest.param(
            a_pod(
                main=[RUNS, {"name": "once", "state": {"terminated": {"reason": "Completed"}}}], conditions=["Ready"]
            ),
            "Running",
            id="with one container that is done",
        ),
        pytest.param(a_pod(main=[{"name": "main", "state": {"terminated": {"signal": 9}}}]), "Signal:9", id="killed"),
    ],
)
def test_a_pod_is_called_what_kubectl_calls_it(pod: dict[str, Any], word: str) -> None:
    assert pod_state(pod) == word
