"""One stack for all tests of the folder; each test keeps to namespaces of its own and crashes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stacks import LiveStack, running_stack, state_home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of all stacks of this run, also for commands that a test starts."""
    with state_home(tmp_path_factory.mktemp("state")) as folder:
        yield folder


@pytest.fixture(scope="session")
def stack(home: Path) -> Iterator[LiveStack]:
    """The stack that the folder shares."""
    with running_stack("shared") as live:
        yield live
