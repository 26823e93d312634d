"""One stack for all tests of the folder, which crash its parts and start them again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stacks import LiveStack, running_stack, state_home


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """The stack that the folder shares; a test gives it back with every process running."""
    with state_home(tmp_path_factory.mktemp("state")), running_stack("chaos") as live:
        yield live
