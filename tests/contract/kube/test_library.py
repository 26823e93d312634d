"""The library that reads configurations: loaded without its models, and whole for whoever wants it whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

FEW = 40  # modules of the library; all of it are more than 900


def run(program: str) -> str:
    """Run a program in an interpreter of its own, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_the_models_of_the_library_are_not_loaded() -> None:
    program = """
import sys
import shared.kube.credentials
print(sum(name.startswith("kubernetes_asyncio") for name in sys.modules))
"""

    loaded = run(program)

    assert 0 < int(loaded) < FEW


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(("shared.kube.library", "kubernetes_asyncio.client"), id="ours first"),
        pytest.param(("kubernetes_asyncio.client", "shared.kube.library"), id="ours last"),
    ],
)
def test_the_whole_library_has_all_its_classes_and_ours_are_among_them(order: tuple[str, str]) -> None:
    program = f"""
import {order[0]}
import {order[1]}
import kubernetes_asyncio
from shared.kube import library
assert kubernetes_asyncio.client.CoreV1Api and kubernetes_asyncio.client.models.V1Pod
assert kubernetes_asyncio.client.Configuration is library.Configuration
assert kubernetes_asyncio.config.load_kube_config is library.load_kube_config
print("whole")
"""

    assert run(program) == "whole"
