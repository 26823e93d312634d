"""What to do when a subject's newest message is not the one that was expected (JetStream error 10071).

Pure: same or newer than ours is done; older is overwritten on top of it; a message of another epoch wins or loses by
which epoch the installation is in now, since versions of two epochs cannot be compared.
"""

from __future__ import annotations

from enum import Enum

from services.watcher.changes.publications import Publication
from shared.contracts.envelope import decode_change
from shared.core.errors import InvalidObjectError
from shared.ports.bus import StoredMessage


class Verdict(Enum):
    """What the newest message of the subject means for ours."""

    STORED = "stored"  # ours, or a newer one, is in the log
    AGAIN = "again"  # publish on top of it
    OUTDATED = "outdated"  # ours belongs to an epoch that has ended


def verdict(ours: Publication, newest: StoredMessage | None, *, current_epoch: str) -> Verdict:
    """Return what to do with a publication whose guard failed."""
    if newest is None:
        return Verdict.AGAIN
    try:
        theirs = decode_change(newest.headers)
    except InvalidObjectError:
        return Verdict.AGAIN  # nobody can read it, so nothing is lost under ours
    if theirs.epoch != ours.headers.epoch:
        return Verdict.AGAIN if ours.headers.epoch == current_epoch else Verdict.OUTDATED
    if theirs.version != ours.version:
        return Verdict.STORED if theirs.version > ours.version else Verdict.AGAIN
    # One version can only differ in whether the object is still there: a relist finds it gone at its last version.
    return Verdict.STORED if theirs.is_tombstone >= ours.headers.is_tombstone else Verdict.AGAIN
