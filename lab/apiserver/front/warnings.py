"""Decides how a warning is written into a header (RFC 7234, code 299)."""

from __future__ import annotations


def warning_header(text: str) -> str:
    """Return the Warning header of one text."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'
