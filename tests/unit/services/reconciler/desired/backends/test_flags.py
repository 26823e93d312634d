"""Flags that are put into a command that a user wrote."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.desired.addresses import LWS
from services.reconciler.desired.backends.flags import injected, leader_of, with_flags
from services.reconciler.desired.problems import RenderError
from tests.unit.services.reconciler.desired.backends.builders import GROVE_LEADER, a_node

F = "--f 1"


@pytest.mark.rule("workloads 6.3 #2", "workloads 12 SGLang #1")
@pytest.mark.parametrize(
    ("text", "engine", "expected"),
    [
        pytest.param(
            "python -m dynamo.sglang",
            "sglang",
            "python -m dynamo.sglang F",
            marks=pytest.mark.rule("workloads 6.3 python -m dynamo.sglang"),
        ),
        pytest.param(
            "echo blah | wc -l && python -m dynamo.sglang && ls -al",
            "sglang",
            "echo blah | wc -l && python -m dynamo.sglang F && ls -al",
            marks=pytest.mark.rule("workloads 6.3 echo blah | wc -l && python -m dynamo.sglang && ls -al"),
        ),
        pytest.param(
            "python -m dynamo.sglang | tee /tmp/log",
            "sglang",
            "python -m dynamo.sglang F | tee /tmp/log",
            marks=pytest.mark.rule("workloads 6.3 python -m dynamo.sglang | tee /tmp/log"),
        ),
        pytest.param(
            "python3 -m dynamo.vllm --data-parallel-size 8",
            "vllm",
            "python3 -m dynamo.vllm F --data-parallel-size 8",
            marks=pytest.mark.rule("workloads 6.3 python3 -m dynamo.vllm --data-parallel-size 8"),
        ),
        pytest.param(
            "python3 -m dynamo.vllm --model /m/vllm-foo --x",
            "vllm",
            "python3 -m dynamo.vllm --model /m/vllm-foo F --x",
            marks=pytest.mark.rule("workloads 6.3 python3 -m dynamo.vllm --model /m/vllm-foo --x"),
        ),
        pytest.param(
            "python -m some.other.module",
            "sglang",
            "python -m some.other.module",
            marks=pytest.mark.rule("workloads 6.3 python -m some.other.module"),
        ),
        pytest.param("java -jar sglang.jar", "sglang", "java -jar sglang.jar", id="no Python"),
        pytest.param("sglang python3 -m x", "sglang", "sglang python3 -m x", id="the name before Python"),
        pytest.param("python3-m dynamo.sglang", "sglang", "python3-m dynamo.sglang", id="no space behind Python"),
        pytest.param(
            "python -m dynamo.sglang.x&& python3 -m dynamo.sglang --y",
            "sglang",
            "python -m dynamo.sglang.x F&& python3 -m dynamo.sglang F --y",
            id="every call in one text",
        ),
        pytest.param(
            "python3 -m dynamo.sglang \\\n  --x\n",
            "sglang",
            "python3 -m dynamo.sglang F \\\n  --x\n",
            id="a continued line",
        ),
    ],
)
def test_puts_flags_behind_the_last_word_with_the_name_of_the_engine(text: str, engine: str, expected: str) -> None:
    assert injected(text, engine, "F") == expected


WORDS = st.lists(
    st.sampled_from(["python3", "python", " ", "\n", "-m", "dynamo.vllm", "vllm", ".x", "|", "&&", ";", "'", "--a"])
)


@pytest.mark.rule("workloads 6.3 #2")
@given(WORDS)
def test_the_place_is_that_of_the_pattern_in_the_specification(words: list[str]) -> None:
    text = "".join(words)
    pattern = re.compile(r"(python[0-9.]*\s+[^|&;]*vllm.*?)(\s|\Z|[|&;])")

    assert injected(text, "vllm", "F") == pattern.sub(r"\1 F\2", text)


@pytest.mark.rule("workloads 6.3 first command word is a Python interpreter")
def test_a_plain_call_of_python_gets_the_flags_as_words() -> None:
    node = a_node("/usr/bin/python3 -m dynamo.sglang", "--x y")

    launch = with_flags(node, "sglang", "--f 1 --g", needs_shell=False)

    assert launch.command == node.command
    assert launch.args == ("--x", "y", "--f", "1", "--g")


@pytest.mark.rule("workloads 6.3 same")
@pytest.mark.rule("W-26")
@pytest.mark.parametrize(
    ("args", "line"),
    [
        pytest.param(("--x", "y"), "exec python3 -m dynamo.sglang --x y --f 1", id="plain words"),
        pytest.param((), "exec python3 -m dynamo.sglang --f 1", id="no args"),
        pytest.param(
            ("--j", '{"a": "b c"}'), 'exec python3 -m dynamo.sglang --j \'{"a": "b c"}\' --f 1', id="words to be quoted"
        ),
    ],
)
def test_flags_for_a_shell_make_one_line_that_replaces_the_shell(args: tuple[str, ...], line: str) -> None:
    launch = with_flags(a_node("python3 -m dynamo.sglang", args), "sglang", F, needs_shell=True)

    assert (launch.command, launch.args) == (("sh", "-c"), (line,))


@pytest.mark.rule("W-26")
@given(st.lists(st.text()), st.lists(st.text()))
def test_a_line_for_a_shell_holds_every_word_of_the_user(command: list[str], args: list[str]) -> None:
    node = a_node(("python3", *command), tuple(args))

    (line,) = with_flags(node, "sglang", F, needs_shell=True).args

    assert shlex.split(line) == ["exec", "python3", *command, *args, "--f", "1"]


@pytest.mark.rule("workloads 6.3 three elements echo start, python -m dynamo.sglang, echo done")
@pytest.mark.rule("workloads 6.3 anything else")
@pytest.mark.rule("workloads 12 SGLang #4")
@pytest.mark.parametrize("needs_shell", [True, False])
@pytest.mark.parametrize(
    ("args", "expected"),
    [
        pytest.param(
            ("echo start", "python -m dynamo.sglang", "echo done"),
            ("echo start", "python -m dynamo.sglang --f 1", "echo done"),
            id="the one that calls the engine",
        ),
        pytest.param(
            ("python -m dynamo.sglang", "python -m dynamo.sglang"),
            ("python -m dynamo.sglang --f 1", "python -m dynamo.sglang"),
            id="the first of two",
        ),
    ],
)
def test_the_first_text_that_calls_the_engine_gets_the_flags(
    needs_shell: bool, args: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    launch = with_flags(a_node("/bin/sh -c", args), "sglang", F, needs_shell=needs_shell)

    assert (launch.command, launch.args, launch.missed) == (("/bin/sh", "-c"), expected, "")


@pytest.mark.rule("W-23")
def test_a_text_within_the_command_gets_the_flags_too() -> None:
    node = a_node(("/bin/bash", "-c", "python3 -m dynamo.sglang --x"))

    launch = with_flags(node, "sglang", F, needs_shell=False)

    assert launch.command == ("/bin/bash", "-c", "python3 -m dynamo.sglang --f 1 --x")


@pytest.mark.rule("W-23", "workloads 12 SGLang #3", "workloads 6.3 #2")
@pytest.mark.parametrize(
    ("command", "args"),
    [
        pytest.param(("java", "-jar", "x.jar"), (), id="another program"),
        pytest.param(("numactl", "-N", "0"), ("python3", "-m", "dynamo.sglang"), id="words over several elements"),
        pytest.param((), (), id="nothing"),
    ],
)
def test_what_calls_no_engine_stays_and_says_so(command: tuple[str, ...], args: tuple[str, ...]) -> None:
    launch = with_flags(a_node(command, args), "sglang", F, needs_shell=True)

    assert (launch.command, launch.args) == (command, args)
    assert "python -m dynamo.sglang" in launch.missed
    assert F in launch.missed


@pytest.mark.rule("W-23")
@pytest.mark.parametrize(
    ("command", "args", "path"),
    [
        pytest.param("/bin/sh -c", ("python3 -m dynamo.sglang --t 'hunter2",), "args[0]", id="in args"),
        pytest.param(("sh", "-c", "python3 -m dynamo.sglang --t 'hunter2"), (), "command[2]", id="in the command"),
    ],
)
def test_a_text_that_no_shell_can_read_is_refused_without_repeating_it(
    command: str | tuple[str, ...], args: tuple[str, ...], path: str
) -> None:
    with pytest.raises(RenderError) as error:
        with_flags(a_node(command, args), "sglang", F, needs_shell=False)

    assert error.value.code == "FlagsNotInjectable"
    assert f"extraPodSpec.mainContainer.{path}" in error.value.text
    assert path in error.value.remedy
    assert "hunter2" not in error.value.text + error.value.remedy


@pytest.mark.rule("W-22")
@pytest.mark.parametrize(
    ("command", "needs_shell", "expected"),
    [
        pytest.param("python3 -m dynamo.sglang", False, "$(LWS_LEADER_ADDRESS)", id="words"),
        pytest.param("python3 -m dynamo.sglang", True, "$LWS_LEADER_ADDRESS", id="a line made for a shell"),
        pytest.param("/bin/sh -c", False, "$LWS_LEADER_ADDRESS", id="a text of the user"),
    ],
)
def test_the_leader_is_named_as_its_reader_understands(command: str, needs_shell: bool, expected: str) -> None:
    assert leader_of(a_node(command, addresses=LWS), needs_shell=needs_shell) == expected


def test_grove_names_the_leader_in_one_way() -> None:
    assert leader_of(a_node("python3"), needs_shell=False) == GROVE_LEADER
    assert leader_of(a_node("/bin/sh -c"), needs_shell=True) == GROVE_LEADER
