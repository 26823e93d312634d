"""Facts that concern all keys: one watcher of the store per process, shared by its partitions.

Before the first read no pass runs. A fact that is written again with the same value has not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, assert_never

from shared.core.resources import Ref
from shared.ports.passes import View
from shared.ports.store import Everything, KeyDropped, KeyPut, Store, StoreChange


class ConcernedByFact(Protocol):
    """Which primaries a fact's change concerns; pure."""

    def __call__(self, fact: str, primaries: Iterable[Ref], view: View) -> Iterable[Ref]:
        """Return those of the partition's primaries that have to look at the fact again."""
        ...


def every_primary(fact: str, primaries: Iterable[Ref], view: View) -> Iterable[Ref]:
    """Return all primaries."""
    return primaries


@dataclass(slots=True)
class Facts:
    """The facts as recorded, and who hears of their changes."""

    store: Store
    prefix: str
    values: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    is_known: bool = False
    listeners: list[Callable[[frozenset[str]], None]] = field(default_factory=list)

    async def run(self) -> None:
        """Follow the facts for ever."""
        async for change in self.store.follow(self.prefix):
            self._take(change)

    def _take(self, change: StoreChange) -> None:
        before, was_known = self.values, self.is_known
        self.values = MappingProxyType(self._after(change))
        self.is_known = True
        names = {name for name in {*before, *self.values} if before.get(name) != self.values.get(name)}
        if names or not was_known:
            for listener in tuple(self.listeners):
                listener(frozenset(names))

    def _after(self, change: StoreChange) -> dict[str, bytes]:
        match change:
            case Everything():
                return {pair.key.removeprefix(self.prefix): pair.value for pair in change.pairs}
            case KeyPut():
                return {**self.values, change.pair.key.removeprefix(self.prefix): change.pair.value}
            case KeyDropped():
                gone = change.key.removeprefix(self.prefix)
                return {name: value for name, value in self.values.items() if name != gone}
            case _:
                assert_never(change)
