"""How the members of the store are: what each endpoint says of itself, and the alarms that stop writes.

Separate from the port's other calls because it asks every endpoint, where those ask the one that answers.
"""

from __future__ import annotations

from shared.core.errors import PlatformError, UnreachableError
from shared.ports.store import StoreHealth, StoreMember
from shared.store.messages import Message, alarm_names
from shared.store.wire import Wire


async def health(wire: Wire) -> StoreHealth:
    """Return the state of all endpoints and the alarms; raise UnreachableError when no endpoint answers."""
    answers = await wire.statuses()
    failures = [answer for _, answer in answers if isinstance(answer, PlatformError)]
    if len(failures) == len(answers):
        raise failures[0]
    return StoreHealth(
        tuple(_member(endpoint, answer) for endpoint, answer in answers), await _alarms(wire, len(answers))
    )


async def _alarms(wire: Wire, endpoints: int) -> tuple[str, ...]:
    """Ask for the alarms until an endpoint answers: each failure makes the wire use the next one."""
    for _ in range(endpoints - 1):
        try:
            return alarm_names(await wire.alarms())
        except UnreachableError:
            continue
    return alarm_names(await wire.alarms())


def _member(endpoint: str, answer: Message | PlatformError) -> StoreMember:
    if isinstance(answer, PlatformError):
        return StoreMember(endpoint, problem=str(answer))
    leads = answer.leader != 0 and answer.leader == answer.header.member_id
    problem = "" if answer.leader else "it knows no leader"
    return StoreMember(endpoint, is_leader=leads, version=str(answer.version), size=int(answer.dbSize), problem=problem)
