"""Which engine a worker runs."""

from __future__ import annotations

import pytest

from services.reconciler.desired.backends.detection import backend, detect
from services.reconciler.desired.problems import RenderError


@pytest.mark.rule("workloads 6.1 #3", "workloads 12 Backend detection #4")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("python -m dynamo.vllm.worker --model x", ["vllm"]),
        ("python3.11 -m dynamo.sglang", ["sglang"]),
        ("echo start && python -m dynamo.vllm.worker --model test | tee /tmp/log", ["vllm"]),
        ("python3 -u\n-m dynamo.trtllm", ["trtllm"]),
        ("python3 -m dynamo.vllm && python3 -m dynamo.sglang", ["vllm", "sglang"]),
        ("echo hello world", []),
        ("python3 dynamo.vllm", []),
        ("python3 | -m dynamo.vllm", []),
        ("python3 -m vllm", []),
    ],
)
def test_finds_engines_in_a_command_line(text: str, found: list[str]) -> None:
    assert detect(text) == found


@pytest.mark.rule(
    "workloads 6.1 exactly one of vllm/sglang/trtllm",
    "workloads 6.1 exactly one",
    "workloads 6.1 none",
    "workloads 6.1 none (2)",
    "workloads 6.1 several",
    "workloads 12 Backend detection #1",
    "workloads 12 Backend detection #5",
)
@pytest.mark.parametrize(
    ("command", "explicit", "name"),
    [
        pytest.param("python3 -m dynamo.vllm", "", "vllm", id="detected"),
        pytest.param("python3 -m dynamo.vllm", "vllm", "vllm", id="detected and said"),
        pytest.param("run", "trtllm", "trtllm", id="said"),
        pytest.param("run", "", "noop", id="neither"),
        pytest.param("python3 -m dynamo.vllm; python3 -m dynamo.sglang", "sglang", "sglang", id="several and said"),
    ],
)
def test_chooses_the_engine(command: str, explicit: str, name: str) -> None:
    assert backend([command], [], explicit).name == name


@pytest.mark.rule("workloads 6.1 #1")
def test_command_and_args_are_read_as_one_line() -> None:
    assert backend(["python3"], ["-m", "dynamo.trtllm"], "").name == "trtllm"


@pytest.mark.rule(
    "workloads 6.1 exactly one (2)",
    "workloads 6.1 several (2)",
    "workloads 6.1 #4",
    "workloads 12 Backend detection #1",
)
@pytest.mark.parametrize(
    ("command", "explicit", "text", "code"),
    [
        pytest.param(
            "python3 -m dynamo.vllm",
            "sglang",
            'backend framework mismatch: detected "vllm" from command but explicitly configured as "sglang"',
            "BackendMismatch",
            id="mismatch",
        ),
        pytest.param(
            "python3 -m dynamo.vllm; python3 -m dynamo.sglang --token hunter2",
            "",
            "could not determine backend framework: multiple backend frameworks detected from command: [vllm sglang]",
            "BackendAmbiguous",
            id="several, without repeating the command line",
        ),
        pytest.param("run", "other", "unsupported backend framework: other", "BackendUnknown", id="unknown"),
    ],
)
def test_refuses_what_cannot_be_decided(command: str, explicit: str, text: str, code: str) -> None:
    with pytest.raises(RenderError) as error:
        backend([command], [], explicit)

    assert (error.value.text, error.value.code) == (text, code)
    assert error.value.remedy
