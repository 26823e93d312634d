"""What a pod asks of a node."""

from lab.simulator.nodes.demands import demand, requested
from tests.unit.lab.simulator.objects import a_pod


def container(**requests: str) -> dict[str, object]:
    return {"name": "c", "resources": {"requests": requests}}


def test_containers_add_up_and_take_one_place() -> None:
    spec = {"containers": [container(cpu="1"), container(cpu="500m", memory="1Gi")]}

    assert requested(spec) == {"cpu": 1500, "memory": 2**30, "pods": 1}


def test_a_limit_alone_is_a_request() -> None:
    spec = {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}

    assert requested(spec)["nvidia.com/gpu"] == 2


def test_the_largest_init_container_counts_instead_if_it_is_larger() -> None:
    spec = {"containers": [container(cpu="1")], "initContainers": [container(cpu="3"), container(memory="1Gi")]}

    assert requested(spec) == {"cpu": 3000, "memory": 2**30, "pods": 1}


def test_side_cars_run_beside_the_containers() -> None:
    side_car = {**container(cpu="1"), "restartPolicy": "Always"}

    assert requested({"containers": [container(cpu="1")], "initContainers": [side_car]})["cpu"] == 2000


def test_overhead_comes_on_top() -> None:
    assert requested({"containers": [container(cpu="1")], "overhead": {"cpu": "250m"}})["cpu"] == 1250


def test_pods_that_may_go_to_the_same_nodes_have_the_same_signature() -> None:
    first, second = a_pod("a", nodeSelector={"x": "y"}), a_pod("b", nodeSelector={"x": "y"})

    assert demand(first).signature == demand(second).signature
    assert demand(first).signature != demand(a_pod("c")).signature
