"""Splitting the raw chunks of a watch into lines.

Separate because it is the hot path of the watcher: a chunk is searched once, and the rest of a long line is kept in
pieces until its end comes.
"""

from __future__ import annotations


class LineSplitter:
    """Collects chunks and gives complete lines, without their ends and without empty ones."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a chunk completes."""
        if b"\n" not in chunk:
            self._pieces.append(chunk)
            return []
        *complete, rest = chunk.split(b"\n")
        complete[0] = b"".join([*self._pieces, complete[0]])
        self._pieces = [rest] if rest else []
        return [line for line in complete if line]
