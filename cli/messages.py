"""Reading messages of our streams for people: what they are about, and what they hold, damaged or not."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from shared.contracts.subjects import decode_token
from shared.core.errors import InvalidObjectError
from shared.core.resources import resource_by_plural
from shared.ports.bus import StoredMessage


def about_subject(subject: str) -> str:
    """Return the kind and the name of the object that a decision is about, as far as the subject can be read."""
    parts = subject.split(".")
    resource = resource_by_plural(parts[3])
    try:
        name = decode_token(parts[-1])
    except InvalidObjectError:
        name = parts[-1]
    return f"{resource.kind if resource is not None else parts[3]} {name}"


def body_of(message: StoredMessage) -> Mapping[str, object]:
    """Return the JSON object in a message; empty where there is none."""
    try:
        body = orjson.loads(message.body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
