"""Who may change replicas that a scaling adapter owns.

Full names only: a rule on a part of a name would let every tenant make an account that passes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PLANNER_ACCOUNT = "planner-serviceaccount"

_PREFIX = "system:serviceaccount:"
_LEGACY_SUFFIXES = ("-dynamo-operator-controller-manager", PLANNER_ACCOUNT)

Mode = Literal["cluster-wide", "restricted"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the installation decides about admission."""

    mode: Mode = "cluster-wide"
    principals: frozenset[str] = field(default_factory=frozenset)  # full user names, for graphs of every namespace
    legacy_suffix_match: bool = False  # the reference's rule on the end of the account's name


def service_account(namespace: str, name: str) -> str:
    """Return the user name of a service account."""
    return f"{_PREFIX}{namespace}:{name}"


def may_set_replicas(username: str, *, namespace: str, policy: Policy) -> bool:
    """Return whether a user may change adapter-owned replicas of a graph in a namespace."""
    if username in policy.principals:
        return True
    if namespace and username == service_account(namespace, PLANNER_ACCOUNT):
        return True
    return policy.legacy_suffix_match and _ends_like_the_reference(username)


def _ends_like_the_reference(username: str) -> bool:
    parts = username.split(":")
    return username.startswith(_PREFIX) and len(parts) == 4 and parts[3].endswith(_LEGACY_SUFFIXES)
