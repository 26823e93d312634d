"""Keeps the newest known state of all objects of one resource.

Fed by two sources, the watch and the answers of own writes, so that a decision sees what it wrote before. Invariants:
an older version never replaces a newer one, and what was deleted does not come back through a late answer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from lab.simulator.client.resources import Document

Key = tuple[str, str]
Listener = Callable[[Document | None, Document | None], None]
Index = Callable[[Document], Iterable[str]]

REMEMBERED_DELETIONS = 20_000


def key_of(document: Document) -> Key:
    """Return namespace (empty when there is none) and name."""
    metadata = document["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def version_of(document: Document) -> int:
    """Return the version as a number; within one resource they are comparable."""
    version = document["metadata"].get("resourceVersion", "")
    return int(version) if version.isdigit() else 0


class Cache:
    """The objects of one resource, with indexes; listeners hear of each change as (before, after)."""

    def __init__(self, indexes: Mapping[str, Index] | None = None) -> None:
        self._objects: dict[Key, Document] = {}
        self._indexes = dict(indexes or {})
        self._indexed: dict[str, dict[str, dict[Key, Document]]] = {name: defaultdict(dict) for name in self._indexes}
        self._deleted: dict[str, None] = {}  # uids, oldest first
        self._listeners: list[Listener] = []

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._objects.values()))

    def listen(self, listener: Listener) -> None:
        """Call `listener` with (before, after) at each change."""
        self._listeners.append(listener)

    def get(self, key: Key) -> Document | None:
        """Return an object, or nothing."""
        return self._objects.get(key)

    def by(self, index: str, value: str) -> list[Document]:
        """Return the objects that `index` files under `value`."""
        return list(self._indexed[index].get(value, {}).values())

    def observe(self, document: Document) -> bool:
        """Take in a state of an object; answer whether it was news."""
        key, uid = key_of(document), document["metadata"].get("uid", "")
        if uid in self._deleted:
            return False
        known = self._objects.get(key)
        if known is not None and version_of(known) >= version_of(document):
            return False
        self._store(key, known, document)
        return True

    def remove(self, document: Document) -> None:
        """Take in that an object is gone."""
        key, uid = key_of(document), document["metadata"].get("uid", "")
        self._remember_deletion(uid)
        known = self._objects.get(key)
        if known is not None and known["metadata"].get("uid", "") == uid:
            self._store(key, known, None)

    def replace(self, documents: Iterable[Document], list_version: int) -> None:
        """Take in a complete list: what is not in it and not younger than it is gone."""
        listed = {key_of(document): document for document in documents}
        for key, document in listed.items():
            known = self._objects.get(key)
            is_another = known is not None and known["metadata"].get("uid") != document["metadata"].get("uid")
            if is_another and version_of(known or document) <= list_version:
                self._store(key, known, document)  # a server made anew may count this object lower
            else:
                self.observe(document)
        for key, known in list(self._objects.items()):
            if key not in listed and version_of(known) <= list_version:
                self._remember_deletion(known["metadata"].get("uid", ""))
                self._store(key, known, None)

    def clear_history(self) -> None:
        """Forget versions and deletions: the server counts anew."""
        self._deleted.clear()
        for document in self._objects.values():
            document["metadata"]["resourceVersion"] = "0"

    def _store(self, key: Key, before: Document | None, after: Document | None) -> None:
        for name, index in self._indexes.items():
            filed = self._indexed[name]
            for value in index(before) if before is not None else ():
                filed[value].pop(key, None)
                if not filed[value]:
                    del filed[value]
            for value in index(after) if after is not None else ():
                filed[value][key] = after  # type: ignore[assignment]  # the loop runs only for an object
        if after is None:
            self._objects.pop(key, None)
        else:
            self._objects[key] = after
        for listener in self._listeners:
            listener(before, after)

    def _remember_deletion(self, uid: str) -> None:
        self._deleted[uid] = None
        while len(self._deleted) > REMEMBERED_DELETIONS:
            del self._deleted[next(iter(self._deleted))]
