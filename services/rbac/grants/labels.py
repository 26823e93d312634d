"""The labels that every object of this room carries (control 3.3)."""

from __future__ import annotations

import hashlib

LABEL_LIMIT = 63
MANAGED_BY = "dynamo-operator"  # the reference's own value: tools of its users select by it


def labels_for(account: str) -> dict[str, str]:
    """Return the labels of an account's objects."""
    return {
        "app.kubernetes.io/component": "rbac",
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "app.kubernetes.io/name": name_label(account),
    }


def name_label(account: str) -> str:
    """Return the account's name as a label value: long ones keep 54 characters and 8 of their SHA-256 (D-21)."""
    if len(account) <= LABEL_LIMIT:
        return account
    return f"{account[:54]}-{hashlib.sha256(account.encode()).hexdigest()[:8]}"
