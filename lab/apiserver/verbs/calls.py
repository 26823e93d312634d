"""The shape of one request on its way through a verb, and of what the verb answers.

Separate, so that verbs know nothing of HTTP. Invariant: a verb answers objects as bytes in the version that was
asked for; in which form they go out is decided afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.options import WriteOptions
from lab.apiserver.requests.paths import Target


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    agent: str = ""


SYSTEM = Caller("system:apiserver", ("system:masters",), "apiserver")


@dataclass(slots=True)
class Call:
    """One write: what is named, by whom, how; and the warnings that it earned so far."""

    target: Target
    caller: Caller
    options: WriteOptions
    warnings: list[str] = field(default_factory=list)

    @property
    def resource(self) -> Resource:
        """The resource that is named."""
        return self.target.resource


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb answers: an object, or a Status where `resource` is None."""

    code: int
    body: bytes
    resource: Resource | None = None


def success(resource: Resource, name: str, uid: str) -> Result:
    """Return the Status that a finished deletion answers."""
    details: dict[str, Any] = {"name": name, "group": resource.group, "kind": resource.plural, "uid": uid}
    if not resource.group:
        del details["group"]
    status: Document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return Result(200, dumps(status))
