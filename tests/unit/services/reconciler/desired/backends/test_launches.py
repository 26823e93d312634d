"""What a launch makes of a container and its pod."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.backends.launches import gpus
from services.reconciler.desired.layouts import ALONE, Layout, Role
from services.reconciler.desired.pods import launch_cautions, pod_spec, pod_template
from services.reconciler.desired.problems import RenderError
from shared.api.platform import MpiSecret, PlatformContext
from tests.unit.services.reconciler.desired.backends.builders import GROVE_LEADER, container_at
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component, container_of, environment_of

LEADER = Layout(Role.LEADER, 2, GROVE)
WORKER = Layout(Role.WORKER, 2, GROVE)
SECRET = "mpi-run-ssh-key-secret"
PROBES = {"livenessProbe", "readinessProbe", "startupProbe"}


def running(module: str, *args: str, **fields: Any) -> dict[str, Any]:
    container = {"command": ["python3", "-m", f"dynamo.{module}"], **({"args": list(args)} if args else {})}
    return {"extraPodSpec": {"mainContainer": container}, "resources": {"limits": {"gpu": "4"}}, **fields}


@pytest.mark.rule("workloads 6.1 #5")
def test_no_engine_changes_nothing_on_several_nodes() -> None:
    spec = {"extraPodSpec": {"mainContainer": {"command": ["serve"]}}}

    assert container_at(WORKER, **spec) == container_at(ALONE, **spec)


@pytest.mark.rule(
    "workloads 6.6 #1", "workloads 5.8 #8", "workloads 1.4 mpi-run-ssh-secret-name, mpi-run-ssh-secret-namespace"
)
def test_the_keys_are_mounted_from_the_secret_of_the_platform() -> None:
    platform = PlatformContext(mpi=MpiSecret(ssh_secret_name="my-keys"))

    pod = pod_spec(a_component(**running("trtllm")), platform, LEADER)

    assert pod["volumes"][-1] == {"name": "my-keys", "secret": {"secretName": "my-keys", "defaultMode": 420}}
    assert pod["containers"][-1]["volumeMounts"][-1] == {"name": "my-keys", "mountPath": "/ssh-pk", "readOnly": True}


@pytest.mark.rule("workloads 12 TRT-LLM #5")
def test_the_keys_come_behind_the_volumes_that_are_there() -> None:
    spec = running("trtllm", volumeMounts=[{"name": "models", "mountPoint": "/models"}])
    spec["extraPodSpec"]["volumes"] = [{"name": "own", "emptyDir": {}}]

    pod = pod_spec(a_component(**spec), PLATFORM, WORKER)

    assert [volume["name"] for volume in pod["volumes"]] == ["own", "models", "shared-memory", SECRET]
    assert [mount["name"] for mount in pod["containers"][-1]["volumeMounts"]] == ["models", "shared-memory", SECRET]


@pytest.mark.rule("W-17")
def test_a_volume_of_the_user_under_the_name_of_the_keys_is_theirs() -> None:
    spec = running("trtllm")
    own = {"name": SECRET, "secret": {"secretName": "mine"}}
    spec["extraPodSpec"]["volumes"] = [own]

    volumes = pod_spec(a_component(**spec), PLATFORM, LEADER)["volumes"]

    assert [volume for volume in volumes if volume["name"] == SECRET] == [own]


@pytest.mark.rule("workloads 6.6 #2")
def test_probes_of_workers_under_mpi_ask_for_ssh_alone() -> None:
    leader, worker = container_at(LEADER, **running("trtllm")), container_at(WORKER, **running("trtllm"))

    assert leader.keys() >= PROBES
    assert worker.keys() & PROBES == {"readinessProbe"}
    assert worker["readinessProbe"]["tcpSocket"] == {"port": 2222}


@pytest.mark.rule("workloads 5.4 #2", "workloads 6.6 #1", "workloads 10.6")
def test_what_an_engine_adds_to_the_environment_stands_last() -> None:
    container = container_at(LEADER, **running("trtllm"))

    assert container["env"][-1] == {"name": "OMPI_MCA_orte_keep_fqdn_hostnames", "value": "1"}
    assert " -x POD_NAME " in container["args"][0]


@pytest.mark.rule("W-13")
def test_a_variable_of_the_user_is_not_added_again() -> None:
    own = {"name": "OMPI_MCA_orte_keep_fqdn_hostnames", "value": "0"}

    container = container_at(LEADER, **running("trtllm", envs=[own]))

    assert environment_of(container)[own["name"]] == "0"
    assert [entry["name"] for entry in container["env"]].count(own["name"]) == 1


@pytest.mark.rule("workloads 6.6 #6")
def test_names_that_only_a_secret_knows_are_not_forwarded() -> None:
    container = container_at(LEADER, **running("trtllm", envFromSecret="hf"))

    assert container["envFrom"] == [{"secretRef": {"name": "hf"}}]
    assert " -x hf" not in container["args"][0]


@pytest.mark.rule("W-24", "W-16", "workloads 12 TRT-LLM #1", "workloads 6.6 #4")
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"resources": {"limits": {"gpu": "4"}, "requests": {"gpu": "2"}}}, 4, id="limits"),
        pytest.param({"resources": {"requests": {"gpu": "2"}}}, 2, id="requests"),
        pytest.param({"resources": {"limits": {"gpu": "8", "gpuType": "amd.com/gpu"}}}, 8, id="of any vendor"),
        pytest.param({"resources": {"limits": {"custom": {"gpu.intel.com/xe": "4"}}}}, 4, id="a custom resource"),
        pytest.param(
            {"extraPodSpec": {"mainContainer": {"resources": {"limits": {"nvidia.com/gpu": 2}}}}}, 2, id="the container"
        ),
        pytest.param(
            {"resources": {"limits": {"custom": {"nvidia.com/mig-1g.5gb": "2", "nvidia.com/gpu": "1"}}}},
            3,
            id="of several names",
        ),
        pytest.param({"resources": {"limits": {"gpu": "0"}}}, 0, id="none"),
        pytest.param({"resources": {"limits": {"gpu": "-1"}}}, 0, id="less than none"),
        pytest.param({"resources": {"limits": {"gpu": "500m"}}}, 0, id="half a GPU"),
        pytest.param({"resources": {"limits": {"cpu": "4"}}}, 0, id="nothing said"),
    ],
)
def test_counts_the_gpus_of_a_node(spec: dict[str, Any], expected: int) -> None:
    component = a_component(**spec)

    assert gpus(component, container_of(**spec)) == expected


@pytest.mark.rule("workloads 12 TRT-LLM #2", "workloads 5.6 #2")
def test_a_number_of_gpus_that_is_none_is_an_error_of_the_quantity() -> None:
    with pytest.raises(RenderError, match="parse limits gpu quantity"):
        container_at(LEADER, **running("trtllm", resources={"limits": {"gpu": "all"}}))


@pytest.mark.rule("W-23")
def test_flags_that_were_not_added_are_a_caution_with_a_reason() -> None:
    component = a_component(backendFramework="sglang", extraPodSpec={"mainContainer": {"command": ["./serve.sh"]}})

    (caution,) = launch_cautions(component, PLATFORM, LEADER)

    assert caution.code == "MultinodeFlagsNotInjected"
    assert caution.text.startswith("service w: no call of python -m dynamo.sglang was found in its command")


@pytest.mark.rule("W-23")
@pytest.mark.parametrize("layout", [ALONE, LEADER])
def test_there_is_nothing_to_say_about_a_good_launch(layout: Layout) -> None:
    assert launch_cautions(a_component(**running("sglang")), PLATFORM, layout) == ()


@pytest.mark.rule("W-23", "workloads 5 #1")
def test_the_error_of_an_unreadable_text_names_the_part_that_failed() -> None:
    given = {"command": ["/bin/sh", "-c"], "args": ["python3 -m dynamo.sglang --x 'open"]}

    with pytest.raises(RenderError) as error:
        pod_template(a_component(extraPodSpec={"mainContainer": given}), PLATFORM, LEADER)

    assert error.value.text == (
        "failed to generate base pod spec: extraPodSpec.mainContainer.args[0]: no shell can read this text, "
        "so no flags can be added to it: No closing quotation"
    )


@pytest.mark.rule("workloads 10.3")
def test_example_of_tensor_parallelism_over_two_nodes_in_grove() -> None:
    spec = running(
        "vllm", "--model", "m", "--tensor-parallel-size", "16", resources={"limits": {"gpu": "8"}}, serviceName="decode"
    )

    leader, worker = container_at(LEADER, **spec), container_at(WORKER, **spec)

    assert leader["command"] == worker["command"] == ["/bin/sh", "-c"]
    assert leader["args"] == [
        "ray start --head --port=6379 && python3 -m dynamo.vllm --model m --tensor-parallel-size 16 "
        "--distributed-executor-backend ray"
    ]
    assert leader["resources"] == {"limits": {"nvidia.com/gpu": "8"}}
    assert leader.keys() >= PROBES
    assert worker["args"] == [f"ray start --address={GROVE_LEADER.replace('-w-', '-decode-')}:6379 --block"]
    assert not worker.keys() & PROBES


@pytest.mark.rule("workloads 10.5")
def test_example_of_sglang_over_two_nodes_of_a_leader_worker_set() -> None:
    spec = running("sglang", "--model-path", "m", "--tp-size", "8", serviceName="decode")

    leader = container_at(Layout(Role.LEADER, 2, LWS), **spec)
    worker = container_at(Layout(Role.WORKER, 2, LWS), **spec)

    given = ["--model-path", "m", "--tp-size", "8", "--dist-init-addr", "$(LWS_LEADER_ADDRESS):29500", "--nnodes", "2"]
    assert leader["command"] == worker["command"] == ["python3", "-m", "dynamo.sglang"]
    assert leader["args"] == [*given, "--node-rank", "0"]
    assert worker["args"] == [*given, "--node-rank", "$(LWS_WORKER_INDEX)"]
    assert leader.keys() >= PROBES
    assert not worker.keys() & PROBES


@pytest.mark.rule("workloads 10.6")
def test_example_of_tensorrt_llm_over_two_nodes_of_a_leader_worker_set() -> None:
    spec = running("trtllm", "--model-path", "m", serviceName="decode")

    line = container_at(Layout(Role.LEADER, 2, LWS), **spec)["args"][0]

    assert " -n 8 -H $LWS_LEADER_ADDRESS,$(echo \"$LWS_LEADER_ADDRESS\" | sed 's/\\./-1\\./') --mca pml ob1" in line
    assert (
        " -x CUDA_VISIBLE_DEVICES -x DYN_COMPONENT -x DYN_DISCOVERY_BACKEND -x DYN_HEALTH_CHECK_ENABLED "
        "-x DYN_NAMESPACE -x DYN_PARENT_DGD_K8S_NAME -x DYN_PARENT_DGD_K8S_NAMESPACE -x DYN_SYSTEM_ENABLED "
        "-x DYN_SYSTEM_PORT -x DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS -x ETCD_ENDPOINTS -x HF_DATASETS_CACHE "
        "-x HF_ENDPOINT -x HF_HOME -x HF_TOKEN -x HOME -x HUGGING_FACE_HUB_TOKEN -x LD_LIBRARY_PATH -x MODEL_PATH "
        "-x NATS_SERVER -x NCCL_DEBUG -x NCCL_IB_DISABLE -x NCCL_P2P_DISABLE -x OMPI_MCA_orte_keep_fqdn_hostnames "
        "-x PATH -x POD_NAME -x POD_NAMESPACE -x POD_UID -x PYTHONPATH -x TENSORRT_LLM_CACHE_DIR "
        "-x TOKENIZERS_PARALLELISM -x TRANSFORMERS_CACHE -x TRTLLM_USE_UCX_KVCACHE -x USER "
        "bash -c 'trtllm-llmapi-launch python3 -m dynamo.trtllm --model-path m'"
    ) in line


@pytest.mark.rule("workloads 10.7", "W-16")
def test_example_of_tensorrt_llm_over_three_nodes_in_grove_gets_the_gpus_it_counts() -> None:
    spec = running("trtllm", serviceName="Prefill", componentType="prefill", resources={"requests": {"gpu": "2"}})

    container = container_at(Layout(Role.LEADER, 3, GROVE), **spec)

    assert " -n 6 -H $(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-prefill-ldr-0." in container["args"][0]
    assert container["resources"]["requests"] == {"nvidia.com/gpu": "2"}
