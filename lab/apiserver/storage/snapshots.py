"""Decides how everything that a server holds is written to a file, and read back at the next start.

Separate from the store, which knows no files. Invariants: a file is complete or not there; what comes back has the
versions and uids that it had, and the counter goes on where it stood, so that an older file takes the cluster back in
time as a restored backup does. History is not kept: whoever resumes from before the start is told so (410).
"""

from __future__ import annotations

import os
from pathlib import Path

from lab.apiserver.documents import Document, dumps, loads
from lab.apiserver.storage.store import Store

FORMAT = 1
_FIRST = ("apiextensions.k8s.io", "customresourcedefinitions")  # the others may need what they define


class DamagedSnapshotError(Exception):
    """The file holds no snapshot that this server can read."""


def write_snapshot(store: Store, path: Path) -> None:
    """Write everything that a store holds now, in one step."""
    collections = [
        {"group": each.group, "plural": each.plural, "objects": [record.document() for record in each.all()]}
        for each in store.collections()
        if len(each)
    ]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)  # it holds Secrets
    draft.write_bytes(dumps({"format": FORMAT, "version": store.version, "collections": collections}))
    draft.replace(path)


class Snapshot:
    """A snapshot that was read; definitions are restored before what they define."""

    def __init__(self, path: Path) -> None:
        """Read a file; raise DamagedSnapshotError when it is none."""
        try:
            content = loads(path.read_bytes())
            if content["format"] != FORMAT:
                raise DamagedSnapshotError(f"{path} has format {content['format']}, expected {FORMAT}")
            self._version = int(content["version"])
            self._objects: dict[tuple[str, str], list[Document]] = {
                (each["group"], each["plural"]): each["objects"] for each in content["collections"]
            }
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedSnapshotError(f"{path} is no snapshot: remove it to start with an empty cluster") from error

    def restore_definitions(self, store: Store) -> None:
        """Put the definitions back, and the version counter."""
        store.version = self._version
        self._restore(store, _FIRST)

    def restore_objects(self, store: Store) -> list[Document]:
        """Put everything else back, once what the definitions define is served; return it."""
        for kind in self._objects:
            if kind != _FIRST:
                self._restore(store, kind)
        store.compact(self._version)
        return [document for kind, documents in self._objects.items() if kind != _FIRST for document in documents]

    def _restore(self, store: Store, kind: tuple[str, str]) -> None:
        collection = store.collection(*kind)
        for document in self._objects.get(kind, ()):
            if collection is not None:  # else a kind that is not served any more
                store.restore(collection, document)
