"""Decides which points of a write a kind may shape.

Separate from the kinds, so that verbs know one shape only. Invariant: every function works on a document that
belongs to the request, and may change it in place; nothing here reads a clock or a store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.apiserver.documents import Document
from lab.apiserver.errors import Cause
from lab.apiserver.strategies.names import subdomain

Fill = Callable[[Document], None]
Prepare = Callable[[Document, Document | None], None]
Check = Callable[[Document, Document | None], list[Cause]]


def _nothing(_document: Document) -> None:
    return


def _unprepared(_document: Document, _live: Document | None) -> None:
    return


def _at_once(_document: Document, _asked: int | None) -> int:
    return 0


def _unchecked(_document: Document, _live: Document | None) -> list[Cause]:
    return []


@dataclass(frozen=True, slots=True)
class Strategy:
    """How objects of one kind are written."""

    counts_generation: bool = False
    unconditional_update: bool = True
    keeps_status: bool = True  # status is reset on create and kept on update where a status subresource exists
    default: Fill = _nothing
    prepare: Prepare = _unprepared
    check: Check = _unchecked
    finish: Fill = _nothing  # after validation of a new object: what the server writes and no schema allows
    own_finalizers: tuple[str, ...] = ()  # what a delete adds, for a controller of this process to remove
    begin_deletion: Fill = _nothing
    grace: Callable[[Document, int | None], int] = _at_once  # seconds that a delete leaves the object
    has_own_schema: bool = False  # whether `check` covers what the schema says, in other words
    check_name: Callable[[str], list[str]] = subdomain


CUSTOM = Strategy(counts_generation=True, unconditional_update=False)
