"""Where two trees of objects differ, so that a failing comparison names the field."""

from __future__ import annotations


def differences(found: object, expected: object, path: str = "") -> list[str]:
    """Return where two values differ, each place with both values."""
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = sorted({*found, *expected})
        return [each for key in keys for each in differences(found.get(key), expected.get(key), f"{path}.{key}")]
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [each for at, pair in pairs for each in differences(*pair, f"{path}[{at}]")]
    return [] if found == expected else [f"{path.removeprefix('.')}: {found} instead of {expected}"]
