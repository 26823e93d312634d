"""Which engine a worker runs: read from its command line, checked against what the spec says (workloads 6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.reconciler.desired.backends.backend import Backend
from services.reconciler.desired.backends.noop import NOOP
from services.reconciler.desired.backends.sglang import SGLANG
from services.reconciler.desired.backends.trtllm import TRTLLM
from services.reconciler.desired.backends.vllm import VLLM
from services.reconciler.desired.problems import RenderError

BACKENDS = {backend.name: backend for backend in (VLLM, SGLANG, TRTLLM)}
_CALLS = {name: re.compile(rf"python[0-9.]*\s+[^|&;]*-m\s+[^|&;]*dynamo\.{name}") for name in BACKENDS}


def detect(text: str) -> list[str]:
    """Return the engines whose Python module a command line starts."""
    # A plain search first: the patterns backtrack, and most command lines hold no engine at all.
    return [name for name, call in _CALLS.items() if f"dynamo.{name}" in text and call.search(text)]


def backend(command: Sequence[str], args: Sequence[str], explicit: str) -> Backend:
    """Return the engine of a worker; raise RenderError when command and spec disagree or nobody can tell."""
    text = " ".join([*command, *args])
    found = detect(text)
    if explicit and len(found) != 1:
        return _known(explicit)
    if not found:
        return NOOP
    if len(found) > 1:
        # The reference repeats the command line here. It may hold secrets, and conditions are read by many.
        raise RenderError(
            "could not determine backend framework: multiple backend frameworks detected from command: "
            f"[{' '.join(found)}]",
            code="BackendAmbiguous",
            remedy="set spec.backendFramework, or start one engine in each container",
        )
    if explicit and explicit != found[0]:
        raise RenderError(
            f'backend framework mismatch: detected "{found[0]}" from command but explicitly configured as "{explicit}"',
            code="BackendMismatch",
            remedy=f"set spec.backendFramework to {found[0]}, or start dynamo.{explicit} in the command",
        )
    return BACKENDS[found[0]]


def _known(name: str) -> Backend:
    if name not in BACKENDS:
        raise RenderError(
            f"unsupported backend framework: {name}",
            code="BackendUnknown",
            remedy=f"set spec.backendFramework to one of {', '.join(sorted(BACKENDS))}",
        )
    return BACKENDS[name]
