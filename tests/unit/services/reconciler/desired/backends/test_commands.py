"""Command lines: who reads them, and the values of their flags."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.desired.backends.commands import count, is_python, is_python_call, quoted


@pytest.mark.rule("workloads 6.3 #1")
@pytest.mark.parametrize(
    "word", ["python", "python3", "python2.7", "python3.12.1", "/usr/bin/python3.8", "./python3", "bin/python3.10"]
)
def test_knows_interpreters_of_python(word: str) -> None:
    assert is_python([word, "-m", "x"])


@pytest.mark.rule("workloads 6.3 #1")
@pytest.mark.parametrize(
    "word", ["", "sh", "python-config", "python ", "pythonx", "python/", "/usr/bin/", "python\n", "python3."]
)
def test_knows_what_is_no_interpreter_of_python(word: str) -> None:
    assert not is_python([word])


def test_no_command_is_no_interpreter() -> None:
    assert not is_python([])


@pytest.mark.rule("W-26")
@pytest.mark.parametrize(
    ("script", "is_call"),
    [
        ("python3 -m dynamo.trtllm --model-path $MODEL", True),
        ("/opt/bin/python3.11 -m x\n", True),
        ("python3 -m x \\\n  --flag\n", True),
        ("python3 -m x $(cat /flags)", True),
        ("cd /w && python3 -m x", False),
        ("python3 -m x; echo done", False),
        ("python3 -m x\necho done", False),
        ("(python3 -m x)", False),
        ("python3 -m x # why", False),
        ("MODEL=m python3 -m x", False),
        ("exec python3 -m x", False),
        ("pythonx -m x", False),
    ],
)
def test_knows_a_text_that_is_one_call_of_python(script: str, is_call: bool) -> None:
    assert is_python_call(script) is is_call


@pytest.mark.rule("W-24", "workloads 6.4 #1")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--tensor-parallel-size", "16"], 16, id="the next word"),
        pytest.param(["python3 -m dynamo.vllm --tensor-parallel-size 16 --x"], 16, id="within a text"),
        pytest.param(["--tensor-parallel-size=16"], 16, id="behind an equals sign"),
        pytest.param(["--tensor_parallel_size", "16"], 16, id="underscores"),
        pytest.param(["-tp", "16"], 16, id="the short name"),
        pytest.param(["-tp=16"], 16, id="the short name with an equals sign"),
        pytest.param(["x --tensor-parallel-size \\\n  '16'"], 16, id="over a continued line, in quotes"),
        pytest.param(["--tensor-parallel-size", "many", "-tp", "4"], 4, id="the first that is a number"),
        pytest.param(["--tensor-parallel-size", "$TP"], 1, id="a variable"),
        pytest.param(["--tensor-parallel-size", "0"], 1, id="nothing"),
        pytest.param(["--tensor-parallel-size", "-2"], 1, id="less than nothing"),
        pytest.param(["--tensor-parallel-size"], 1, id="no value"),
        pytest.param(["--tensor-parallel-sizes", "4"], 1, id="another flag"),
        pytest.param([], 1, id="absent"),
    ],
)
def test_reads_the_number_that_a_flag_has(words: list[str], expected: int) -> None:
    assert count(words, "--tensor-parallel-size", "-tp") == expected


@pytest.mark.rule("W-26")
@given(st.lists(st.text(), min_size=1))
def test_words_become_text_and_the_same_words_again(words: list[str]) -> None:
    assert shlex.split(quoted(words)) == words
