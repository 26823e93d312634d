"""The shape of a back end: what one inference engine changes about the container that runs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backend:
    """One inference engine."""

    name: str
    cache_mount: str = ""  # where compiled kernels go when the user names no mount point
    cache_variable: str = ""  # tells the engine where that is
