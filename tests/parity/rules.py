"""Whether a rule that an accepted deviation names is one."""

from __future__ import annotations

import re

_ROW = re.compile(r"[A-Z]{1,3}-\d{2,}")


def exists(rule: str, specification: str) -> bool:
    """Return whether a text names a row of the specification (`W-34`), or a section of the design (`design 7`)."""
    if _ROW.fullmatch(rule):
        return f"| {rule} |" in specification
    return re.fullmatch(r"design \d+", rule) is not None
