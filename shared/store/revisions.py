"""Revisions that no other store's can be mistaken for. Pure.

Separate because it is one idea: a wiped store counts from one again, and a fence of the old store (a create revision)
could by chance be that of someone else's claim in the new one. So what leaves the adapter is raised by a large step for
each store that was lost under this process, and what comes back in a guard is lowered again, or refused when it belongs
to a store that is gone. The first store's revisions are etcd's own. Invariant: revisions are compared within one
process only; what is stored for others is never one of them.
"""

from __future__ import annotations

from dataclasses import replace

from shared.core.errors import ConflictError
from shared.ports.store import Everything, Guard, KeyDropped, KeyPut, KeyValue

_STEP = 1 << 44  # a store that makes 10,000 changes a second needs 55 years to get there


def raised(revision: int, incarnation: int) -> int:
    """Return a revision of the store that is the n-th under this process."""
    return revision + _STEP * (incarnation - 1)


def raised_pair(pair: KeyValue, incarnation: int) -> KeyValue:
    """Return a key with raised revisions."""
    return replace(
        pair,
        create_revision=raised(pair.create_revision, incarnation),
        mod_revision=raised(pair.mod_revision, incarnation),
    )


def raised_everything(everything: Everything, incarnation: int) -> Everything:
    """Return a list with raised revisions."""
    pairs = tuple(raised_pair(pair, incarnation) for pair in everything.pairs)
    return Everything(pairs, raised(everything.revision, incarnation))


def raised_change(change: KeyPut | KeyDropped, incarnation: int) -> KeyPut | KeyDropped:
    """Return a change with raised revisions."""
    if isinstance(change, KeyPut):
        return KeyPut(raised_pair(change.pair, incarnation))
    return KeyDropped(change.key, raised(change.revision, incarnation))


def lowered(guard: Guard, incarnation: int) -> Guard:
    """Return a guard in etcd's own revisions; raise ConflictError when it was read from another store."""
    if guard.revision == 0:
        return guard
    revision = guard.revision - _STEP * (incarnation - 1)
    if not 0 < revision < _STEP:
        raise ConflictError(f"{guard.key}: the guard was read from a store that is gone")
    return replace(guard, revision=revision)
