"""Logs of the watcher are values here: nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return the log lines of the test so far."""
    with capture_logs() as lines:
        yield lines
