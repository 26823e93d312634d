"""The low-water mark: the version up to which everything that was received is stored.

Versions come in order, their publications finish in any order. A checkpoint may only ever name the mark, or a restart
would skip what was received and not stored.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(slots=True)
class LowWaterMark:
    """Counts the unfinished publications of each received version; versions are received in rising order."""

    mark: int = 0
    newest: int = 0  # version received
    _open: OrderedDict[int, int] = field(default_factory=OrderedDict)

    def received(self, version: int, publications: int) -> None:
        """Note that a version arrived and how many publications it caused."""
        self.newest = max(self.newest, version)
        if publications:
            self._open[version] = self._open.get(version, 0) + publications
        self._advance()

    def stored(self, version: int) -> None:
        """Note that one publication of a version is in the log, or that a newer one is."""
        left = self._open.get(version, 0) - 1
        if left > 0:
            self._open[version] = left
        else:
            self._open.pop(version, None)
        self._advance()

    def has_stored(self, version: int) -> bool:
        """Return whether everything up to a version is stored, also what a repeated version brought."""
        return self.newest >= version and not any(unfinished <= version for unfinished in self._open)

    def _advance(self) -> None:
        reached = next(iter(self._open)) - 1 if self._open else self.newest
        self.mark = max(self.mark, reached)
