"""Perturbations of the fake cluster: what a test makes happen to single requests.

A test gives one function that sees every request before it is served and may answer with a fault; it may also act on
the cluster itself then, which is how something happens between any two requests of a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from shared.core.errors import PlatformError
from shared.core.resources import Resource

Verb = Literal["get", "list", "create", "apply", "patch", "delete"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the fake API server received it."""

    number: int
    verb: Verb
    resource: Resource
    namespace: str = ""
    name: str = ""
    manager: str = ""
    subresource: str = ""

    @property
    def is_write(self) -> bool:
        """Return whether the request could change something."""
        return self.verb not in ("get", "list")


@dataclass(frozen=True, slots=True)
class Refuse:
    """Raise an error; nothing is done."""

    error: PlatformError


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Do it, and raise UnknownResultError (UnreachableError for a read) instead of answering."""


@dataclass(frozen=True, slots=True)
class LoseRequest:
    """Do nothing, and raise what LoseAnswer raises: the client cannot tell the two apart."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Do it later, by the cluster's clock."""

    by: timedelta


Fault = Refuse | LoseAnswer | LoseRequest | Delay
Intercept = Callable[[Request], Fault | None]
EventDelay = Callable[[Resource, int], timedelta]  # of a watch event, by resource and version


def no_fault(_: Request) -> Fault | None:
    """Let every request pass."""
    return None


def no_delay(_: Resource, __: int) -> timedelta:
    """Deliver every watch event at once."""
    return timedelta()
