"""The shape of one column of the table that kubectl prints; separate so that views and registry can share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.apiserver.documents import Document


@dataclass(frozen=True, slots=True)
class Column:
    """How one cell is made and described."""

    name: str
    type: str
    value: Callable[[Document], Any]
    format: str = ""
    description: str = ""
    priority: int = 0
