"""When changes were observed and stored, read from the event log itself: exact, for every change that is kept.

`ce-time` is the watcher's clock when it took a change from its watch; the message's time is the NATS server's clock
when it was stored. Both are clocks of one machine here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cli.targets import Target
from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES
from shared.ports.bus import After

SUBJECTS = ("dynamo.changes.>",)


@dataclass(frozen=True, slots=True)
class Timing:
    """One stored change; times are seconds of the wall clock."""

    plural: str
    name: str
    version: int
    generation: int
    observed: float
    stored: float


async def change_timings(target: Target, *, after: int) -> list[Timing]:
    """Return the changes that the log holds behind a sequence, oldest first."""
    async with target.bus() as bus:
        last = (await bus.state(CHANGES)).last_sequence
        if last <= after:
            return []
        found: list[Timing] = []
        async with bus.follow(CHANGES, SUBJECTS, After(after)) as subscription:
            if not subscription.pending_at_open:
                return []
            async for delivery in subscription:
                message = delivery.message
                headers = decode_change(message.headers)
                if not headers.is_copy:
                    found.append(
                        Timing(
                            plural=headers.plural,
                            name=headers.subject.rpartition("/")[2],
                            version=headers.version,
                            generation=headers.generation,
                            observed=_seconds(headers.time),
                            stored=_seconds(message.time),
                        )
                    )
                if not delivery.pending:
                    break
        return found


def _seconds(time: datetime) -> float:
    return time.timestamp()
