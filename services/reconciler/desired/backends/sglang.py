"""SGLang: nothing to add on a single node."""

from __future__ import annotations

from services.reconciler.desired.backends.backend import Backend

SGLANG = Backend("sglang")
