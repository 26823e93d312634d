"""How soon a child is repaired again that somebody keeps changing (design: writing to the cluster).

Two repairs within a minute may be two edits of a person. The third is a contest: whoever else wants those fields will
write them again, and so would we, for ever. So it waits for 30 s, then twice as long, and its manager is named. What
this process remembers of it is lost with the process, which costs two repairs more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.contracts.ownership import MANAGER_PREFIX
from shared.core.errors import ContestedError
from shared.core.json import Manifest, items, text
from shared.core.resources import Ref
from shared.ports.clock import Clock

WINDOW = timedelta(minutes=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)
NOBODY = "somebody whom managedFields do not name"


@dataclass(slots=True)
class _Record:
    """The last two repairs of a child, and how often in a row they were a contest."""

    times: tuple[float, ...] = ()
    level: int = 0

    def pause(self) -> timedelta:
        return min(FIRST_PAUSE * (1 << min(self.level, 4)), LONGEST_PAUSE)

    def is_contest(self, now: float) -> bool:
        if self.level:
            return not self.is_over(now)
        return len(self.times) > 1 and now - self.times[0] < WINDOW.total_seconds()

    def is_over(self, now: float) -> bool:
        """Return whether the next repair is like a first one."""
        counts_for = WINDOW + self.pause() if self.level else WINDOW
        return now - self.times[-1] >= counts_for.total_seconds()


@dataclass(slots=True)
class Repairs:
    """When the children of one process were repaired."""

    clock: Clock
    _records: dict[Ref, _Record] = field(default_factory=dict)

    def pause(self, ref: Ref) -> timedelta:
        """Return for how long a repair of a child has to wait; not at all unless it is a contest."""
        record, now = self._records.get(ref), self.clock.elapsed()
        if record is None or not record.is_contest(now):
            return timedelta(0)
        return max(timedelta(seconds=record.times[-1] - now) + record.pause(), timedelta(0))

    def took_place(self, ref: Ref) -> None:
        """Remember a repair that changed something, and forget those that nothing follows from any more."""
        now = self.clock.elapsed()
        self._records = {each: record for each, record in self._records.items() if not record.is_over(now)}
        record = self._records.setdefault(ref, _Record())
        record.level = record.level + 1 if record.is_contest(now) else 0
        record.times = (*record.times, now)[-2:]

    def forget(self, ref: Ref) -> None:
        """Forget a child that is gone."""
        self._records.pop(ref, None)


def other_manager(live: Manifest | None) -> str:
    """Return who else wrote to an object last, as it calls itself."""
    entries = [entry for entry in items(live, "metadata", "managedFields") if _is_of_another(entry)]
    newest = max(entries, key=lambda entry: text(entry, "time"), default=None)
    return text(newest, "manager") or NOBODY


def contest(pauses: Mapping[Ref, timedelta], managers: Mapping[Ref, str]) -> ContestedError:
    """Return the error of a pass that does not repair some children now, with the time when it may."""
    told = "; ".join(f"{managers[ref]} keeps changing {ref.resource.kind} {ref.name}" for ref in sorted(pauses))
    after = min(pauses.values())
    return ContestedError(f"{told}: it is repaired again in {after.total_seconds():.0f} s", after)


def _is_of_another(entry: object) -> bool:
    return not text(entry, "manager").startswith(MANAGER_PREFIX) and not text(entry, "subresource")
