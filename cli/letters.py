"""Dead letters as a person handles them: which there are, which are meant, and what became of each.

Pure, and separate from the commands because `doctor` reads letters too. A letter is addressed by its number or by its
subject, as `dlq list` prints both. Invariant: what cannot be parsed is still a letter, with its reason saying so; it
can be listed and dropped like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from cli.failures import CommandError, Exit
from shared.contracts.subjects import decode_token, is_number
from shared.core.errors import InvalidObjectError
from shared.core.json import text
from shared.core.resources import Ref, resource_by_plural
from shared.ports.bus import StoredMessage

_TOKENS = 6  # dynamo.dlq.<service>.<resource>.<namespace>.<name>


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, the newest of its subject."""

    sequence: int
    time: datetime
    subject: str
    service: str
    about: str
    reason: str
    primary: Ref | None = None  # None where no pass can be made over it
    partition: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the letter for machines."""
        return {
            **self.body,
            "sequence": self.sequence,
            "subject": self.subject,
            "time": self.time.isoformat(),
            "service": self.service,
            "object": self.about,
            "reason": self.reason,
        }


def letter_of(message: StoredMessage) -> Letter:
    """Return the letter that a message of the dead letter stream is."""
    parts = message.subject.split(".")
    try:
        body = orjson.loads(message.body or b"{}")
    except orjson.JSONDecodeError:
        body = {"reason": "the letter itself is not JSON"}
    partition = message.headers.get("ce-partition", "")
    return Letter(
        sequence=message.sequence,
        time=message.time,
        subject=message.subject,
        service=parts[2] if len(parts) > 2 else "",
        about="/".join(_name(part) for part in parts[3:] if part != "-"),
        reason=text(body, "reason"),
        primary=_primary(parts),
        partition=int(partition) if is_number(partition) else None,
        body=body if isinstance(body, dict) else {},
    )


def chosen(letters: Sequence[Letter], named: Sequence[str], *, everything: bool) -> list[Letter]:
    """Return the letters that are meant; raise CommandError when one is not there, or none is named."""
    if everything and named:
        raise CommandError("name letters, or give --all, not both", Exit.USAGE)
    if everything:
        return list(letters)
    if not named:
        raise CommandError(
            "name a letter by its number or subject, as dynamoctl dlq list prints them, or give --all", _USE
        )
    found: dict[int, Letter] = {}
    for name in named:
        meant = [each for each in letters if name in (str(each.sequence), each.subject)]
        if not meant:
            raise CommandError(f"no dead letter is {name}: dynamoctl dlq list shows all", Exit.NOTHING_FOUND)
        found |= {each.sequence: each for each in meant}
    return list(found.values())


def _primary(parts: Sequence[str]) -> Ref | None:
    if len(parts) != _TOKENS:
        return None
    resource = resource_by_plural(parts[3])
    return None if resource is None else Ref(resource, _name(parts[4]), _name(parts[5]))


def _name(token: str) -> str:
    try:
        return decode_token(token)
    except InvalidObjectError:
        return token


_USE = Exit.USAGE
