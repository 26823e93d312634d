"""One stack for the drills that follow each other, with graphs that serve and one to edit for each drill."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.chaos.failures.grounds import DEFAULT_TTL, Ground, kept_stack, make_ground
from tests.chaos.failures.outages import IN_TURN
from tests.chaos.seeds import IS_LONG
from tests.e2e.stacks import state_home

SERVING = 10 if IS_LONG else 4  # graphs
CROWD, CROWDED = 300, ("owners-alive", "owners-new")  # graphs, and the namespaces of drills beside them
REPLICAS = ("reconciler=3", "webhook=2") if IS_LONG else ()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of all stacks of this folder; what the observers' own connections meet is no news."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with state_home(tmp_path_factory.mktemp("state")) as folder:
        yield folder
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def ground(home: Path) -> Iterator[Ground]:
    """The stack that the folder shares; a test gives it back whole."""
    with kept_stack("failures", replicas=REPLICAS) as live:
        yield make_ground(live, [case.namespace for case in IN_TURN], serving=SERVING)


@pytest.fixture(scope="session")
def crowd(home: Path) -> Iterator[Ground]:
    """A stack with 300 graphs, for make drill only."""
    with kept_stack("crowd", nodes="16x8xH100,16xcpu", claim_ttl=DEFAULT_TTL) as live:
        yield make_ground(live, CROWDED, serving=CROWD)
