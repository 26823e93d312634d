"""Whether a text is a quantity of the Kubernetes API, and whether it amounts to nothing."""

from __future__ import annotations

import re

from shared.api.objects import Quantity

_FORM = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_ZERO = re.compile(r"[+-]?(0+\.?0*|\.0+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9.]+)?")


def is_quantity(text: str) -> bool:
    """Return whether a text is a quantity, such as `500m` or `16Gi`."""
    return _FORM.fullmatch(text.strip()) is not None


def is_zero(quantity: Quantity | None) -> bool:
    """Return whether a quantity is absent or amounts to nothing."""
    return quantity in (None, "", 0) or (isinstance(quantity, str) and _ZERO.fullmatch(quantity) is not None)
