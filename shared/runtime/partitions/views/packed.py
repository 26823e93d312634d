"""Summaries at rest: kept as JSON, a sixth of what they take as Python objects, and nothing for the garbage collector.

Separate from the entries because it decides one thing only: nearly every object of a large installation rests, and is
looked at in a sweep. What changes is kept as it came, so that the passes it causes read it for nothing, and is packed
by the next sweep. Invariant: a packed summary equals the one that it was made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from shared.ports.passes import Entry


class Packed(Mapping[str, object]):
    """A summary that is decoded anew each time somebody looks at it."""

    __slots__ = ("_text",)

    def __init__(self, summary: Mapping[str, object]) -> None:
        """Keep a summary."""
        self._text = orjson.dumps(dict(summary))

    def __getitem__(self, member: str) -> object:
        """Return one member."""
        return self._summary()[member]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the members."""
        return iter(self._summary())

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self._summary())

    def _summary(self) -> dict[str, object]:
        found: dict[str, object] = orjson.loads(self._text)
        return found


def packed(entry: Entry) -> Entry:
    """Return an entry whose summary is packed."""
    return entry if isinstance(entry.summary, Packed) else replace(entry, summary=Packed(entry.summary))
