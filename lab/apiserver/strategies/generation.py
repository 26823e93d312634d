"""Decides when an object counts as a new generation.

Separate, because observers rely on it: a generation grows with what the author asked for, never with metadata or
with a status that has a subresource of its own.
"""

from __future__ import annotations

from lab.apiserver.documents import Document

_ASIDE = ("metadata", "apiVersion", "kind")


def asks_for_more(document: Document, live: Document, *, status_aside: bool) -> bool:
    """Whether an update changed anything that the generation counts."""
    for key in document.keys() | live.keys():
        if key in _ASIDE or (status_aside and key == "status"):
            continue
        if document.get(key) != live.get(key):
            return True
    return False
