"""JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces.

Invariant: a patch that says what already holds returns the document itself.
"""

from __future__ import annotations

from typing import Any


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """Return the document with the patch merged in."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(document, dict):
        document = {}
    merged = document
    for key, value in patch.items():
        if value is None:
            if key not in merged:
                continue
            changed = _MISSING
        else:
            before = merged.get(key, _MISSING)
            changed = apply_merge_patch(None if before is _MISSING else before, value)
            if changed is before:
                continue
        if merged is document:
            merged = dict(document)
        if changed is _MISSING:
            del merged[key]
        else:
            merged[key] = changed
    return merged


_MISSING: Any = object()
