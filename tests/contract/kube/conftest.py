"""Runs each check of the contract on the fake cluster and on a served Kubernetes API."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.testing.cluster import FakeCluster
from tests.contract.kube.clusters import UnderTest

_NUMBERS = itertools.count(1)


@pytest_asyncio.fixture(params=["fake"])
async def under_test(request: pytest.FixtureRequest) -> AsyncIterator[UnderTest]:
    """One cluster with a namespace of the test's own."""
    namespace = f"contract-{next(_NUMBERS)}"
    yield UnderTest(FakeCluster(namespaces=("default", namespace)), namespace)
