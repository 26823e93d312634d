"""Gives tests one run for each recorded manifest; where there are no recordings, one that skips."""

from __future__ import annotations

import pytest

from tests.conformance import conformance_here
from tests.parity.clusters import CLUSTERS
from tests.parity.scope import recordings


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `cluster` and `path` with each manifest of each cluster."""
    if not {"cluster", "path"} <= set(metafunc.fixturenames):
        return
    conformance = conformance_here()
    if isinstance(conformance, str):
        nothing = pytest.param(None, "", marks=pytest.mark.skip(reason=conformance), id="no recordings")
        metafunc.parametrize(("cluster", "path"), [nothing])
        return
    found = [
        pytest.param(cluster, path, id=f"{cluster.name} {path}")
        for cluster in CLUSTERS
        for path, _ in recordings(conformance, cluster)
    ]
    metafunc.parametrize(("cluster", "path"), found)
