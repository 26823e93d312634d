"""What the owner of a partition answers when it is asked: how it is, and to pass over a primary again.

Separate from the loop, which runs the same whether or not anybody asks. Invariant: who does not surely hold the claim
any more stays silent, so that a replica which was paused never answers for its successor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never, get_args

import structlog

from shared.contracts.controls import PartitionStatus, ReplayAnswer, ReplayRequest, Verb
from shared.core.errors import InvalidObjectError, LeaseLostError, TemporaryError
from shared.ports.bus import StoredMessage
from shared.ports.clock import Clock
from shared.ports.passes import Fence
from shared.runtime.partitions.loop import PartitionLoop

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Control:
    """Answers for one owned partition."""

    loop: PartitionLoop
    fence: Fence
    clock: Clock
    service: str
    member: str
    version: str

    async def answer(self, subject: str, body: bytes) -> bytes | None:
        """Answer a question; None when it is not ours to answer."""
        verb = _verb(subject)
        try:
            self.fence.check()
            match verb:
                case None:
                    return None
                case "status":
                    unseen = await self.loop.feed.newest_unseen()
                    self.fence.check()  # the claim may have ended while the log was asked
                    return self._status(unseen).encode()
                case "replay":
                    return self._replay(body).encode()
                case _:
                    assert_never(verb)
        except LeaseLostError:
            return None
        except TemporaryError as error:
            log.warning("a question was not answered", subject=subject, reason=str(error))
            return None

    def _status(self, unseen: StoredMessage | None) -> PartitionStatus:
        loop, now = self.loop, self.clock.elapsed()
        lag = self.clock.now() - unseen.time if unseen is not None else timedelta()
        return PartitionStatus(
            service=self.service,
            partition=loop.view.partition,
            member=self.member,
            token=self.fence.token,
            version=self.version,
            is_complete=loop.is_complete,
            waits_for=loop.waits_for,
            entries=len(loop.view),
            reached=loop.feed.reached,
            lag=max(0.0, lag.total_seconds()),
            queued=loop.queue.depth,
            oldest_queued=loop.queue.longest_wait(now),
            running=loop.queue.running,
            oldest_pass=loop.queue.longest_pass(now),
            given_up=len(loop.queue.dead),
        )

    def _replay(self, body: bytes) -> ReplayAnswer:
        try:
            primary = ReplayRequest.decode(body).primary
        except InvalidObjectError as error:
            return ReplayAnswer(member=self.member, is_queued=False, reason=str(error))
        is_ours = self.loop.replay(primary)
        reason = "" if is_ours else f"{self.service} makes no passes over {primary.resource.plural}"
        log.info("replay was asked for", primary=str(primary), queued=is_ours)
        return ReplayAnswer(member=self.member, is_queued=is_ours, reason=reason)


def _verb(subject: str) -> Verb | None:
    asked = subject.rpartition(".")[2]
    return next((verb for verb in get_args(Verb) if verb == asked), None)
