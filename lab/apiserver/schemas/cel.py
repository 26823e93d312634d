"""Rules in the Common Expression Language: x-kubernetes-validations of a schema.

Separate from validation because rules see whole subtrees and their previous state, and because the language comes
from a package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.apiserver.schemas.field_errors import FieldError
from lab.apiserver.schemas.schema import Schema


def evaluate_rules(obj: dict[str, Any], schema: Schema, old: dict[str, Any] | None) -> Iterator[FieldError]:
    """Yield the rules that the object breaks."""
    yield from ()
