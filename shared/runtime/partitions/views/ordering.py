"""Which of two states of one object is the newer one.

Versions are compared as integers, only within one epoch. A new epoch replaces everything of the ones before it, and
an epoch that was left never comes back. Pure, because every promise about lost, late and doubled events rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, in the history of the cluster, a state of an object was true."""

    epoch: str
    version: int
    is_gone: bool = False


@dataclass(slots=True)
class Epochs:
    """The epochs that a view has seen; those that were left behind are over for good."""

    current: str = ""
    _over: set[str] = field(default_factory=set)

    def is_over(self, epoch: str) -> bool:
        """Return whether nothing of an epoch counts any more."""
        return epoch in self._over or _precedes(epoch, self.current)

    def enter(self, epoch: str) -> None:
        """Leave the current epoch for another one."""
        if epoch != self.current and not self.is_over(epoch):
            if self.current:
                self._over.add(self.current)
            self.current = epoch

    def leave(self, held: Iterable[str]) -> None:
        """Take as over what is held when an epoch is entered and was counted before it, of whichever cluster.

        A view that begins after a cluster was replaced finds tombstones of the former one in the log. It has never been
        in their epoch, and without this they would hide what has the same names now.
        """
        self._over.update(epoch for epoch in held if _is_counted_before(epoch, self.current))


def is_newer(candidate: Stamp, held: Stamp | None, epochs: Epochs) -> bool:
    """Return whether a state replaces the held one."""
    if epochs.is_over(candidate.epoch):
        return False
    if held is None:
        return True
    if candidate.epoch != held.epoch:
        # Of an epoch that was not entered yet: it comes after the current one, and so does its state of the object.
        return candidate.epoch != epochs.current or epochs.is_over(held.epoch)
    if candidate.version == held.version:
        # One version is never two states, but a list can find an object gone at the version it last had.
        return candidate.is_gone and not held.is_gone
    return candidate.version > held.version


def _precedes(epoch: str, current: str) -> bool:
    """Return whether both are epochs of one cluster (`uid.counter`) and the first is the older one."""
    uid, current_uid = epoch.rpartition(".")[0], current.rpartition(".")[0]
    return bool(uid) and uid == current_uid and _is_counted_before(epoch, current)


def _is_counted_before(epoch: str, current: str) -> bool:
    """Return whether an epoch has a lower counter; what has none is before and after nothing."""
    counter, current_counter = epoch.rpartition(".")[2], current.rpartition(".")[2]
    return counter.isdigit() and current_counter.isdigit() and int(counter) < int(current_counter)
