"""Subjects of the event log, and the reversible encoding of names into subject tokens.

A subject token may not hold `.`, `*`, `>` or white space, while Kubernetes names may hold dots. Every byte outside
`[A-Za-z0-9_-]` becomes `=XX` (two upper-case hex digits), so that a person still reads most names as they are, and
decode(encode(x)) == x for any string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.core.errors import InvalidObjectError
from shared.core.resources import Ref, Resource, resource_by_plural, resource_named

ROOT = "dynamo"
CLUSTER_SCOPE = "-"  # the namespace token of cluster-scoped objects
_PLAIN = re.compile(rb"[A-Za-z0-9_-]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPE = re.compile(r"=([0-9A-F]{2})")


def is_number(text: str) -> bool:
    """Return whether a text is a whole number as our writers write it, of at most 64 bits' length."""
    return text.isascii() and text.isdecimal() and len(text) <= 20


def encode_token(name: str) -> str:
    """Return a name as one subject token; the empty name is the cluster scope."""
    if not name:
        return CLUSTER_SCOPE
    if name == CLUSTER_SCOPE:
        return "=2D"
    if _PLAIN_NAME.fullmatch(name):  # nearly every name
        return name
    raw = name.encode()
    return "".join(chr(byte) if _PLAIN.match(bytes([byte])) else f"={byte:02X}" for byte in raw)


def decode_token(token: str) -> str:
    """Return the name that a token stands for."""
    if token == CLUSTER_SCOPE:
        return ""
    if "=" not in token and token.isascii():
        return token
    raw = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), token)
    try:
        return raw.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError) as error:
        raise InvalidObjectError(f"subject token {token!r} is not an encoded name") from error


@dataclass(frozen=True, slots=True)
class ChangeSubject:
    """The address of one object in the change log."""

    partition: int
    plural: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `dynamo.changes.<partition>.<resource>.<namespace>.<name>`."""
        return f"{ROOT}.changes.{self.partition}.{self.plural}.{encode_token(self.namespace)}.{encode_token(self.name)}"

    @property
    def ref(self) -> Ref:
        """Return the object's address; raise InvalidObjectError for a resource that is not known."""
        return Ref(resource_named(self.plural, "subject"), self.namespace, self.name)


def change_subject(partition: int, ref: Ref) -> ChangeSubject:
    """Return where the changes of an object are published in one partition."""
    return ChangeSubject(partition, ref.resource.plural, ref.namespace, ref.name)


def parse_change_subject(subject: str) -> ChangeSubject:
    """Return the parts of a change subject; raise InvalidObjectError when it is none."""
    parts = subject.split(".")
    if len(parts) != 6 or parts[0] != ROOT or parts[1] != "changes" or not is_number(parts[2]):
        raise InvalidObjectError(f"{subject!r} is not a change subject")
    return ChangeSubject(int(parts[2]), parts[3], decode_token(parts[4]), decode_token(parts[5]))


def change_filter(partition: int, resource: Resource) -> str:
    """Return the filter that matches all changes of a resource in one partition."""
    return f"{ROOT}.changes.{partition}.{resource.plural}.>"


def synced_subject(resource: Resource) -> str:
    """Return where the synced marker of a resource is published."""
    return f"{ROOT}.synced.{resource.plural}"


def parse_synced_subject(subject: str) -> Resource | None:
    """Return the resource of a synced marker, or None when the subject is no marker of a known one."""
    prefix = f"{ROOT}.synced."
    return resource_by_plural(subject.removeprefix(prefix)) if subject.startswith(prefix) else None


def decision_subject(service: str, ref: Ref) -> str:
    """Return where a service publishes what it decided about an object."""
    return _about("decisions", service, ref)


def dead_letter_subject(service: str, ref: Ref) -> str:
    """Return where a service publishes what it could not handle."""
    return _about("dlq", service, ref)


def _about(log: str, service: str, ref: Ref) -> str:
    return (
        f"{ROOT}.{log}.{encode_token(service)}.{ref.resource.plural}"
        f".{encode_token(ref.namespace)}.{encode_token(ref.name)}"
    )
