"""Reads what an API server asks: the AdmissionReview in a request body."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from services.webhook.reviews.answers import Answer, malformed
from shared.core.json import Manifest, mapping, member, text

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Question:
    """One admission request; an object that the operation does not have is None."""

    uid: str
    operation: str
    kind: str
    namespace: str
    name: str
    username: str
    is_dry_run: bool = False
    new: Manifest | None = None
    old: Manifest | None = None


def read_question(body: bytes, content_type: str) -> Question | Answer:
    """Return what is asked, or the answer to a body that asks nothing."""
    if content_type != JSON_TYPE:  # TR-01
        return malformed(f"contentType={content_type}, expected {JSON_TYPE}")
    if not body:  # TR-02
        return malformed("request body is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return malformed(f"request body is not JSON: {error}")
    request = mapping(document, "request")
    if not text(request, "uid"):
        return malformed("request body is no AdmissionReview with a request")
    new, old = _object(request, "object"), _object(request, "oldObject")
    return Question(
        uid=text(request, "uid"),
        operation=text(request, "operation"),
        kind=text(new or old, "kind") or text(request, "kind", "kind"),
        namespace=text(request, "namespace"),
        name=text(request, "name") or text(new or old, "metadata", "name"),
        username=text(request, "userInfo", "username"),
        is_dry_run=member(request, "dryRun") is True,
        new=new,
        old=old,
    )


def _object(request: object, name: str) -> Manifest | None:
    found = member(request, name)
    return found if isinstance(found, dict) else None
