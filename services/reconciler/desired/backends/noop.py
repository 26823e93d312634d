"""No engine: frontends, planners, and workers that run something we do not know."""

from __future__ import annotations

from services.reconciler.desired.backends.backend import Backend

NOOP = Backend("noop")
